"""Mixed precision: scaling of the loss."""

from __future__ import annotations

from engine.amp.grad_scaler import GradScaler as GradScaler

"""Mixed precision: casting of ops, and scaling of the loss."""

from __future__ import annotations

from engine.amp.autocast_mode import (
    autocast as autocast,
    custom_bwd as custom_bwd,
    custom_fwd as custom_fwd,
    get_autocast_dtype as get_autocast_dtype,
    is_autocast_available as is_autocast_available,
    is_autocast_enabled as is_autocast_enabled,
)
from engine.amp.grad_scaler import GradScaler as GradScaler

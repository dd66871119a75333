"""Test helpers: comparison of tensors, and gradient checks by finite differences."""

from __future__ import annotations

from engine.testing.compare import assert_close
from engine.testing.gradcheck import GradcheckError, gradcheck, gradgradcheck

__all__ = ["GradcheckError", "assert_close", "gradcheck", "gradgradcheck"]

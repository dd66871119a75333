"""Test helpers: comparison of tensors, and gradient checks by finite differences."""

from __future__ import annotations

from engine.testing.compare import assert_allclose, assert_close
from engine.testing.creation import make_tensor
from engine.testing.gradcheck import GradcheckError, gradcheck, gradgradcheck

__all__ = [
    "GradcheckError",
    "assert_allclose",
    "assert_close",
    "gradcheck",
    "gradgradcheck",
    "make_tensor",
]

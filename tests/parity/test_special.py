"""Special functions that are compositions, compared with PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.parity.both import agree

POLYNOMIALS = [
    *(f"{prefix}chebyshev_polynomial_{k}" for prefix in ("", "shifted_") for k in "tuvw"),
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
]


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_orthogonal_polynomials(name: str) -> None:
    def case(torch: Any, x: Any, degrees: Any) -> Any:
        function = getattr(torch.special, name)
        fixed = [function(x, n) for n in (-1, 0, 1, 2, 5, 9)]
        return fixed, function(x, degrees), function(x.float(), 3), function(0.5, degrees)

    x = np.random.default_rng(0).uniform(-1.5, 1.5, 40)
    agree(case, x, np.arange(40) % 7 - 1, rtol=1e-5)


def test_airy() -> None:
    x = np.concatenate([np.linspace(-30, -4, 60), np.linspace(-2, 12, 40)])
    # Between -4 and -2 PyTorch's is wrong in the sixth digit.
    agree(lambda torch, x: torch.special.airy_ai(x), x, atol=1e-11)

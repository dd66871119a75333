"""Special functions, under the names that SciPy and PyTorch give them.

>>> import engine
>>> engine.special.ndtri(engine.tensor([0.5, 0.975]))
tensor([0.0000, 1.9600])
"""

from __future__ import annotations

import math
from typing import Any

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import (
    Tensor,
    digamma,
    digamma as psi,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    i0,
    igamma as gammainc,
    igammac as gammaincc,
    lgamma as gammaln,
    log1p,
    log_softmax,
    logit,
    logsumexp,
    mvlgamma as multigammaln,
    polygamma,
    round,
    sigmoid as expit,
    sinc,
    softmax,
    xlogy,
)
from engine._creation import as_tensor
from engine.special.airy import airy_ai
from engine.special.orthogonal_polynomials import (
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
    hermite_polynomial_h,
    hermite_polynomial_he,
    laguerre_polynomial_l,
    legendre_polynomial_p,
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
)

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
    "sinc",
    "softmax",
    "spherical_bessel_j0",
    "xlog1py",
    "xlogy",
    "zeta",
]


def entr(input: Tensor) -> Tensor:
    """``-x log(x)``: 0 at 0, -inf below.

    >>> import engine
    >>> engine.special.entr(engine.tensor([0.0, 0.5, -1.0]))
    tensor([0.0000, 0.3466,   -inf])
    """
    return _C.where(input < 0, -math.inf, 0.0 - _C.xlogy(input, input))


def erfcx(input: Tensor) -> Tensor:
    """``exp(x^2) erfc(x)``, finite where the factors are not.

    >>> import engine
    >>> engine.special.erfcx(engine.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return _C._erfcx(input)


def ndtr(input: Tensor) -> Tensor:
    """The standard normal distribution function.

    >>> import engine
    >>> engine.special.ndtr(engine.tensor([0.0, -1.96]))
    tensor([0.5000, 0.0250])
    """
    return 0.5 * _C.erfc(input * -math.sqrt(0.5))


def log_ndtr(input: Tensor) -> Tensor:
    """The logarithm of :func:`ndtr`, finite far below 0 too.

    >>> import engine
    >>> engine.special.log_ndtr(engine.tensor([0.0, -100.0]))
    tensor([-6.9315e-01, -5.0055e+03])
    """
    return _C._log_ndtr(input)


def ndtri(input: Tensor) -> Tensor:
    """The inverse of :func:`ndtr`: infinite at 0 and 1, nan outside.

    >>> import engine
    >>> engine.special.ndtri(engine.tensor([0.5, 1.0]))
    tensor([0., inf])
    """
    return _C._ndtri(input)


def xlog1py(input: Tensor | float, other: Tensor | float) -> Tensor:
    """``x log(1 + y)``, and 0 where x is 0 and y is not nan.

    >>> import engine
    >>> engine.special.xlog1py(engine.tensor([0.0, 1.0]), engine.tensor([-1.0, 1.0]))
    tensor([0.0000, 0.6931])
    """
    x, y = (as_tensor(value) for value in (input, other))
    flat = (x == 0) & (y == y)
    return _C.where(flat, 0.0, x * _C.log1p(_C.where(flat, 0.0, y)))


def zeta(input: Tensor | float, other: Tensor | float) -> Tensor:
    """Hurwitz's zeta function, the sum of ``(other + k) ** -input``; differentiable in ``other``.

    >>> import engine
    >>> engine.special.zeta(engine.tensor(2.0), 1)
    tensor(1.6449)
    """
    return _C._zeta(input, other)


def i0e(input: Tensor) -> Tensor:
    """``exp(-|x|) i0(x)``.

    >>> import engine
    >>> engine.special.i0e(engine.tensor([0.0, 1000.0]))
    tensor([1.0000, 0.0126])
    """
    return _C._i0e(input)


def i1(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind and order 1.

    >>> import engine
    >>> engine.special.i1(engine.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return _C._i1(input)


def i1e(input: Tensor) -> Tensor:
    """``exp(-|x|) i1(x)``.

    >>> import engine
    >>> engine.special.i1e(engine.tensor([0.0, 1000.0]))
    tensor([0.0000, 0.0126])
    """
    return _C._i1e(input)


def spherical_bessel_j0(input: Tensor) -> Tensor:
    """``sin(x) / x``, and 1 at 0.

    >>> import engine
    >>> engine.special.spherical_bessel_j0(engine.tensor(0.0))
    tensor(1.)
    """
    return _C.sinc(input / math.pi)


def _bessel(name: str, text: str, example: str) -> Any:
    """A Bessel function without gradient, as PyTorch's are."""

    def function(input: Tensor) -> Tensor:
        return getattr(_C, f"_{name}")(input)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{text}

    There is no gradient.

    >>> import engine
    >>> engine.special.{name}(engine.tensor(1.0))
    {example}
    """
    return function


_FIRST, _SECOND = "The Bessel function of the first kind", "The Bessel function of the second kind"
_MODIFIED = "The modified Bessel function of the second kind"
bessel_j0 = _bessel("bessel_j0", f"{_FIRST} and order 0.", "tensor(0.7652)")
bessel_j1 = _bessel("bessel_j1", f"{_FIRST} and order 1.", "tensor(0.4401)")
bessel_y0 = _bessel("bessel_y0", f"{_SECOND} and order 0.", "tensor(0.0883)")
bessel_y1 = _bessel("bessel_y1", f"{_SECOND} and order 1.", "tensor(-0.7812)")
modified_bessel_i0, modified_bessel_i1 = i0, i1
modified_bessel_k0 = _bessel("modified_bessel_k0", f"{_MODIFIED} and order 0.", "tensor(0.4210)")
modified_bessel_k1 = _bessel("modified_bessel_k1", f"{_MODIFIED} and order 1.", "tensor(0.6019)")
scaled_modified_bessel_k0 = _bessel(
    "scaled_modified_bessel_k0", "``exp(x) modified_bessel_k0(x)``.", "tensor(1.1445)"
)
scaled_modified_bessel_k1 = _bessel(
    "scaled_modified_bessel_k1", "``exp(x) modified_bessel_k1(x)``.", "tensor(1.6362)"
)

guard_functions(globals(), __all__)

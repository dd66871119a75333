"""Gradient clipping."""

from __future__ import annotations

import math
from collections.abc import Iterable

from engine import _C
from engine._C import Tensor
from engine.autograd import no_grad


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    return [p.grad for p in parameters if p.grad is not None]


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors as one vector, without overflow in intermediate results.

    `foreach` is accepted: there is one implementation. With `error_if_nonfinite` a norm of inf or
    nan raises RuntimeError.

    >>> import engine
    >>> engine.nn.utils.get_total_norm([engine.tensor([3e30]), engine.tensor([4e30])])
    tensor(5.0000e+30)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    with no_grad():
        relative, unit = _norm_in_units(tensors, float(norm_type))
        total = relative * unit if unit != 1.0 else relative
    if error_if_nonfinite:
        _check_finite(total, norm_type)
    return total


def _norm_in_units(tensors: list[Tensor], norm_type: float) -> tuple[Tensor, float]:
    """The norm as a multiple of a unit: the largest element, if powers might leave the range."""
    total = _C._foreach_norm(tensors, norm_type)
    if norm_type == 0 or math.isinf(norm_type) or not tensors:
        return total, 1.0
    value = total.item()
    if value > 0 and math.isfinite(value) and abs(norm_type * math.log10(value)) < 30:
        return total, 1.0
    unit = _C._foreach_norm(tensors, math.inf).item()
    if unit == 0 or not math.isfinite(unit):
        return total, 1.0
    return _C._foreach_norm([tensor / unit for tensor in tensors], norm_type), unit


def _check_finite(total: Tensor, norm_type: float) -> None:
    if not math.isfinite(total.item()):
        raise RuntimeError(
            f"the total norm of order {norm_type} of the gradients is {total.item()}, so they "
            "cannot be clipped"
        )


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale the gradients in place by max_norm / total_norm if that is less than 1.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.zeros(1))
    >>> weight.grad = engine.tensor([8.0])
    >>> engine.nn.utils.clip_grads_with_norm_([weight], 1.0, engine.tensor(4.0)); weight.grad
    tensor([2.0000])
    """
    with no_grad():
        scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        if scale.item() != 1.0:
            _C._foreach_mul_([grad.detach() for grad in _gradients(parameters)], scale)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients in place so that their total norm is at most max_norm, and return the
    norm before.

    Finite gradients whose norm overflows their dtype are clipped correctly; the returned norm is
    inf.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.zeros(2))
    >>> weight.grad = engine.tensor([3.0, 4.0])
    >>> engine.nn.utils.clip_grad_norm_([weight], max_norm=1.0).item()
    5.0
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    grads, max_norm = _gradients(parameters), float(max_norm)
    with no_grad():
        relative, unit = _norm_in_units(grads, float(norm_type))
        total = relative * unit if unit != 1.0 else relative
        if error_if_nonfinite:
            _check_finite(total, norm_type)
        if math.isinf(total.item()) and math.isfinite(relative.item()) and max_norm >= 0:
            # In two steps, as the factor may underflow the dtype.
            root = math.sqrt(max_norm / unit / relative.item())
            for _ in range(2):
                _C._foreach_mul_([grad.detach() for grad in grads], root)
        else:
            clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Clamp the gradients in place to [-clip_value, clip_value]."""
    with no_grad():
        for grad in _gradients(parameters):
            grad.clamp_(-clip_value, clip_value)

"""Adafactor."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._lazy import limits
from engine._validation import NON_NEGATIVE, Range
from engine.optim._base import PerParameter
from engine.optim.optimizer import ParamsT, State


class Adafactor(PerParameter):
    """Second moments of matrices, factored into a row and a column (Shazeer and Stern, 2018).

    `lr` bounds the relative step `1 / sqrt(step)`, which is scaled by the root mean square of the
    parameter, at least `eps[1]`; `eps[0]` (None: that of the dtype) bounds the second moment from
    below, `d` the root mean square of the update from above. Weight decay is decoupled.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.Adafactor([weight], lr=0.5).step()
    >>> round(weight.item(), 4)
    0.5
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "beta2_decay": Range(high=0.0),
        "eps": (Range(0.0, optional=True), NON_NEGATIVE),
        "d": Range(1.0),
        "weight_decay": NON_NEGATIVE,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "beta2_decay": beta2_decay,
                "eps": eps,
                "d": d,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        shape = list(param.shape)
        if len(shape) < 2:
            return {"step": 0, "variance": _C.zeros_like(param.data)}
        row, column = [*shape[:-1], 1], [*shape[:-2], 1, shape[-1]]
        return {
            "step": 0,
            "row_var": _C.zeros(row, dtype=param.dtype, device=param.device),
            "col_var": _C.zeros(column, dtype=param.dtype, device=param.device),
        }

    def _decay(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
        return grad  # applied with the step size, which depends on the parameter before the decay

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        step, lr = state["step"], float(group["lr"])
        lowest, smallest_scale = group["eps"]
        lowest = limits.finfo(param.dtype).eps if lowest is None else lowest
        relative = min(lr, 1 / math.sqrt(step)) * max(smallest_scale, _root_mean_square(param))
        if group["weight_decay"]:
            param.mul_(1 - lr * group["weight_decay"])
        second = _second_moment(grad, state, step ** group["beta2_decay"], lowest)
        update = grad * second.clamp(min=lowest * lowest).rsqrt()
        clipping = max(1.0, _root_mean_square(update) / group["d"])
        param.sub_(update, alpha=relative / clipping)


def _second_moment(grad: Tensor, state: State, weight: float, lowest: float) -> Tensor:
    """The estimate for each element; weight is that of this step in the averages."""
    squares = grad * grad
    if grad.dim() < 2:
        return state["variance"].lerp_(squares, weight)
    row = state["row_var"].lerp_(squares.mean(-1, keepdim=True), weight)
    column = state["col_var"].lerp_(squares.mean(-2, keepdim=True), weight)
    return row @ column / row.mean(-2, keepdim=True).clamp(min=lowest)


def _root_mean_square(x: Tensor) -> float:
    return x.norm(2).item() / math.sqrt(x.numel()) if x.numel() else 0.0

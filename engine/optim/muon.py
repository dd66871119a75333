"""Muon."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import ANY, NON_NEGATIVE, check_choice, check_int
from engine.optim._base import PerParameter
from engine.optim.optimizer import ParamsT, State


class Muon(PerParameter):
    """Momentum of matrices, orthogonalized by Newton-Schulz steps (Jordan, "Muon", 2024).

    Each parameter must be a matrix; use AdamW for biases, embeddings and the last layer.
    `adjust_lr_fn` scales the rate with the shape (rows, columns): None or "original" by
    `sqrt(max(1, rows / columns))`, "match_rms_adamw" by `0.2 * sqrt(max(rows, columns))` (Liu et
    al., 2025). Weight decay is decoupled. The Newton-Schulz steps are computed in float32;
    PyTorch's results, computed in bfloat16, agree within that precision.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(2, 2))
    >>> weight.grad = engine.eye(2)
    >>> engine.optim.Muon([weight], lr=0.5, weight_decay=0.0).step()
    >>> weight[0, 1].item(), weight[0, 0].item() < 0.7
    (1.0, True)
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "weight_decay": NON_NEGATIVE,
        "momentum": NON_NEGATIVE,
        "ns_coefficients": (ANY, ANY, ANY),
        "eps": ANY,
    }
    _counters: ClassVar = ()

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "nesterov": nesterov,
                "ns_coefficients": ns_coefficients,
                "eps": eps,
                "ns_steps": ns_steps,
                "adjust_lr_fn": adjust_lr_fn,
            },
        )

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        check_int("Muon", "ns_steps", options["ns_steps"], low=0)
        if options["ns_steps"] >= 100:
            raise ValueError(f"Muon: ns_steps must be less than 100, got {options['ns_steps']}")
        choices = (None, "original", "match_rms_adamw")
        check_choice("Muon", "adjust_lr_fn", options["adjust_lr_fn"], choices)

    def _check_params(self, params: list[Any]) -> None:
        super()._check_params(params)
        for param in params:
            if param.dim() != 2:
                raise ValueError(
                    f"Muon: each parameter must be a matrix, got shape {tuple(param.shape)}"
                )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        return {"momentum_buffer": _C.zeros_like(param.data)}

    def _decay(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
        param.mul_(1 - float(group["lr"]) * group["weight_decay"])
        return grad

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        momentum = float(group["momentum"])
        average = state["momentum_buffer"].lerp_(grad, 1 - momentum)
        update = grad.lerp(average, momentum) if group["nesterov"] else average
        update = _orthogonalized(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        rate = float(group["lr"]) * _rate_factor(group["adjust_lr_fn"], *param.shape)
        param.sub_(update.to(param.dtype), alpha=rate)


def _orthogonalized(
    matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """An approximation of U V' for the matrix U S V', by iterating an odd quintic polynomial."""
    a, b, c = coefficients
    x = matrix.float()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = _C.addmm(x, _C.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


def _rate_factor(adjustment: str | None, rows: int, columns: int) -> float:
    if adjustment == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1.0, rows / columns))

"""AdamW."""

from __future__ import annotations

from typing import Any

from engine._C import Tensor
from engine.optim.adam import Adam
from engine.optim.optimizer import ParamsT


class AdamW(Adam):
    """Adam whose weight decay does not pass through the moments (Loshchilov and Hutter, 2017).

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.zeros(1)
    >>> engine.optim.AdamW([weight], lr=0.5, weight_decay=0.1).step()
    >>> round(weight.item(), 4)
    0.95
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # A state saved from an optimizer without the option must not switch it off.
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True

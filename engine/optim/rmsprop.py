"""RMSprop."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import NON_NEGATIVE
from engine.optim._base import BuiltinOptimizer
from engine.optim.optimizer import Closure, ParamsT


class RMSprop(BuiltinOptimizer):
    """Gradients divided by a running root mean square (Hinton, 2012), all parameters in one call.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.RMSprop([weight], lr=0.01).step()
    >>> round(weight.item(), 4)
    0.9
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "alpha": NON_NEGATIVE,
        "eps": NON_NEGATIVE,
        "weight_decay": NON_NEGATIVE,
        "momentum": NON_NEGATIVE,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters by their gradients; closure recomputes and returns the loss."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            params = [param for param in group["params"] if param.grad is not None]
            if params:
                self._apply(group, params)
        return loss

    def _apply(self, group: dict[str, Any], params: list[Any]) -> None:
        states = [self.state[param] or self._initial_state(param, group) for param in params]
        momentum, centered = float(group["momentum"]), group["centered"]
        _C.rmsprop_step_(
            params,
            [param.grad for param in params],
            [state["square_avg"] for state in states],
            [state["momentum_buffer"] for state in states] if momentum > 0 else [],
            [state["grad_avg"] for state in states] if centered else [],
            lr=float(group["lr"]),
            alpha=float(group["alpha"]),
            eps=float(group["eps"]),
            weight_decay=float(group["weight_decay"]),
            momentum=momentum,
            centered=centered,
            maximize=group["maximize"],
        )
        for state in states:
            state["step"] += 1

    def _initial_state(self, param: Any, group: dict[str, Any]) -> dict[str, Any]:
        state = self.state[param]
        state["step"] = 0
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        for name in names:
            state[name] = _C.zeros_like(param.data)
        return state

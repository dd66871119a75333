"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import ANY, NON_NEGATIVE
from engine.optim._base import BuiltinOptimizer
from engine.optim.optimizer import Closure, ParamsT


class SGD(BuiltinOptimizer):
    """Gradient descent with momentum (Sutskever et al., 2013), all parameters in one call.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> weight.grad = engine.ones(1)
    >>> engine.optim.SGD([weight], lr=0.5).step()
    >>> weight.item()
    0.5
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "momentum": NON_NEGATIVE,
        "dampening": ANY,
        "weight_decay": NON_NEGATIVE,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum and no dampening")

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters by their gradients; closure recomputes and returns the loss."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            params = [param for param in group["params"] if param.grad is not None]
            if group["momentum"] == 0:
                self._apply(group, params, [], first=False)
            else:
                self._apply_with_momentum(group, params)
        return loss

    def _apply_with_momentum(self, group: dict[str, Any], params: list[Any]) -> None:
        states = [self.state[param] for param in params]
        buffers = [state.get("momentum_buffer") for state in states]
        fresh = [i for i, buffer in enumerate(buffers) if buffer is None]
        if not fresh:
            self._apply(group, params, buffers, first=False)
            return
        for i in fresh:
            buffers[i] = states[i]["momentum_buffer"] = _C.empty_like(params[i].data)
        first = set(fresh)
        for wanted in (True, False):
            at = [i for i in range(len(params)) if (i in first) is wanted]
            self._apply(group, [params[i] for i in at], [buffers[i] for i in at], first=wanted)

    def _apply(
        self, group: dict[str, Any], params: list[Any], buffers: list[Any], first: bool
    ) -> None:
        if params:
            _C.sgd_step_(
                params,
                [param.grad for param in params],
                buffers,
                lr=float(group["lr"]),
                momentum=float(group["momentum"]),
                dampening=float(group["dampening"]),
                weight_decay=float(group["weight_decay"]),
                nesterov=group["nesterov"],
                maximize=group["maximize"],
                first=first,
            )

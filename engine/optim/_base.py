"""Base classes of the optimizers of this package, beside the public one in optimizer.py."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import Ranges, check_ranges
from engine.autograd import no_grad
from engine.optim.optimizer import Closure, Optimizer, State


class BuiltinOptimizer(Optimizer):
    """An optimizer that checks its options and saves its state with PyTorch's types.

    `foreach`, `fused` and `capturable` select an implementation in PyTorch: they are accepted,
    saved, and have no effect.
    """

    _ranges: ClassVar[Ranges] = {}
    # State entries that are Python numbers here and, as in PyTorch, 0-d tensors in a state_dict.
    _counters: ClassVar[tuple[str, ...]] = ("step",)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, for instance layers unfrozen later."""
        if isinstance(param_group, dict):
            self._check_options({**self.defaults, **param_group})
        super().add_param_group(param_group)

    def _check_options(self, options: dict[str, Any]) -> None:
        """Raise for an option of wrong type or out of range, naming it."""
        name = type(self).__name__
        check_ranges(name, self._ranges, options)
        if options.get("differentiable"):
            raise NotImplementedError(f"{name}: differentiable=True is not implemented yet")
        if options.get("foreach") and options.get("fused"):
            raise RuntimeError(f"{name}: foreach and fused cannot both be True")

    def _packed(self, state: Any) -> Any:
        return {
            key: _C.full((), float(value), dtype=_C.float32) if key in self._counters else value
            for key, value in state.items()
        }

    def _unpacked(self, state: Any) -> Any:
        return {
            key: value
            if key not in self._counters
            else int(value)
            if key == "step"
            else float(value)
            for key, value in state.items()
        }

    def _loaded(self, state: Any, param: Tensor) -> Any:
        loaded = super()._loaded(state, param)
        return loaded | {k: v for k, v in self._unpacked(state).items() if k in self._counters}


class PerParameter(BuiltinOptimizer):
    """An optimizer whose update is written for one parameter at a time."""

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> State:
        raise NotImplementedError

    def _update(self, param: Tensor, grad: Tensor, state: State, group: dict[str, Any]) -> None:
        raise NotImplementedError

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters by their gradients; closure recomputes and returns the loss."""
        loss = self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self._step_one(param, param.grad, group)
        return loss

    def _step_one(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[param]
        if not state:
            state.update(self._initial_state(param, group))
        if "step" in self._counters:
            state["step"] += 1
        grad = -grad if group.get("maximize") else grad
        self._update(param, self._decay(param, grad, group), state, group)

    def _decay(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
        """Shrink the parameter if weight decay is decoupled, else add the decay to the gradient."""
        decay = float(group.get("weight_decay", 0.0))
        if decay and group.get("decoupled_weight_decay"):
            param.mul_(1 - float(group["lr"]) * decay)
        elif decay:
            grad = grad + decay * param
        return grad


def as_float32(x: float) -> float:
    """The nearest float32, so that training resumes exactly from a saved state."""
    return struct.unpack("f", struct.pack("f", x))[0]


def move_average(average: Tensor, value: Tensor, beta: float) -> Tensor:
    """Update an exponential average in place to beta * average + (1 - beta) * value."""
    return average.mul_(beta).add_(value, alpha=1 - beta)

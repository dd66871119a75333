"""L-BFGS."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from engine import _C
from engine._C import Tensor
from engine._validation import NON_NEGATIVE, check_choice, check_int
from engine.autograd import no_grad
from engine.optim._base import BuiltinOptimizer
from engine.optim._line_search import strong_wolfe
from engine.optim.optimizer import Closure, ParamsT, State


class LBFGS(BuiltinOptimizer):
    """A quasi-Newton method of limited memory (Liu and Nocedal, 1989).

    One call of `step` runs up to `max_iter` iterations and calls the closure, which computes the
    gradients and returns the loss, about `max_eval` times (None: 1.25 times `max_iter`). It ends
    early if the largest gradient is at most `tolerance_grad`, or if the change of the loss or of
    all parameters is below `tolerance_change`. `line_search_fn` is None, for steps of `lr`, or
    "strong_wolfe". All parameters form one group.

    >>> import engine
    >>> x = engine.nn.Parameter(engine.tensor([3.0, -2.0]))
    >>> optimizer = engine.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (x[0] - 1) ** 2 + 10 * (x[1] + 1) ** 2
    ...     loss.backward()
    ...     return loss
    >>> loss = optimizer.step(closure)
    >>> engine.allclose(x, engine.tensor([1.0, -1.0]), atol=1e-4)
    True
    """

    _ranges: ClassVar = {
        "lr": NON_NEGATIVE,
        "tolerance_grad": NON_NEGATIVE,
        "tolerance_change": NON_NEGATIVE,
    }
    _counters: ClassVar = ()

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_int("LBFGS", "max_iter", max_iter, low=0)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the only group of parameters."""
        if self.param_groups:
            raise ValueError("LBFGS: takes one group of parameters only")
        super().add_param_group(param_group)

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        check_int("LBFGS", "max_iter", options["max_iter"], low=0)
        check_int("LBFGS", "max_eval", options["max_eval"], low=0)
        check_int("LBFGS", "history_size", options["history_size"], low=1)
        check_choice("LBFGS", "line_search_fn", options["line_search_fn"], (None, "strong_wolfe"))

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def step(self, closure: Closure) -> Any:  # type: ignore[override]
        """Minimize the loss, and return what the closure's first call returned."""
        group = self.param_groups[0]
        # The state is shared by all parameters; it is stored with the first one, as in PyTorch.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with no_grad():
            first = self._evaluate(closure)
            state["func_evals"] += 1
            grad = self._flat_grad()
            if not _is_flat(grad, group):
                self._minimize(closure, float(first), grad, state, group)
        return first

    def _minimize(
        self, closure: Closure, loss: float, grad: Tensor, state: State, group: dict[str, Any]
    ) -> None:
        evaluations, max_iter = 1, group["max_iter"]
        for iteration in range(1, max_iter + 1):
            state["n_iter"] += 1
            direction = state["d"] = _direction(state, grad, group["history_size"])
            before = state["prev_loss"] = loss
            state["prev_flat_grad"] = grad
            step = state["t"] = _first_step(grad, float(group["lr"]), state["n_iter"])
            slope = grad.dot(direction).item()
            if slope > -group["tolerance_change"]:
                return
            calls = 0
            if group["line_search_fn"] is not None:
                limit = group["max_eval"] - evaluations
                loss, grad, step, calls = self._search(
                    closure, loss, grad, slope, limit, state, group
                )
                state["t"] = step
                self._move(direction, step)
            else:
                self._move(direction, step)
                if iteration < max_iter:
                    loss, grad, calls = float(self._evaluate(closure)), self._flat_grad(), 1
            evaluations += calls
            state["func_evals"] += calls
            if (
                evaluations >= group["max_eval"]
                or _is_flat(grad, group)
                or (direction * step).abs().max().item() <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                return

    def _search(
        self,
        closure: Closure,
        loss: float,
        grad: Tensor,
        slope: float,
        limit: int,
        state: State,
        group: dict[str, Any],
    ) -> tuple[float, Tensor, float, int]:
        """Loss, gradient, step and number of evaluations at the end of the line search."""
        start = [param.detach().clone() for param in self._params]
        direction = state["d"]

        def evaluate(step: float) -> tuple[float, Tensor, float]:
            self._move(direction, step)
            loss = float(self._evaluate(closure))
            grad = self._flat_grad()
            for param, value in zip(self._params, start, strict=True):
                param.copy_(value)
            return loss, grad, grad.dot(direction).item()

        return strong_wolfe(
            evaluate,
            (loss, grad, slope),
            state["t"],
            direction.abs().max().item(),
            group["tolerance_change"],
            limit,
        )

    def _flat_grad(self) -> Tensor:
        return _C.cat(
            [
                _C.zeros_like(p.detach()).reshape(-1) if p.grad is None else p.grad.reshape(-1)
                for p in self._params
            ]
        )

    def _move(self, direction: Tensor, step: float) -> None:
        sizes = [param.numel() for param in self._params]
        for param, part in zip(self._params, direction.split(sizes), strict=True):
            param.add_(part.reshape(param.shape), alpha=step)


def _is_flat(grad: Tensor, group: dict[str, Any]) -> bool:
    return bool(grad.abs().max().item() <= group["tolerance_grad"])


def _first_step(grad: Tensor, lr: float, iteration: int) -> float:
    """The initial step length: small in the first iteration, whose scale is unknown."""
    return min(1.0, 1.0 / grad.abs().sum().item()) * lr if iteration == 1 else lr


def _direction(state: State, grad: Tensor, history_size: int) -> Tensor:
    """The descent direction by the two-loop recursion over the recent steps."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return -grad
    _remember(state, grad, history_size)
    changes, steps, rhos = state["old_dirs"], state["old_stps"], state["ro"]
    weights = state.setdefault("al", [None] * history_size)
    direction = -grad
    for i in reversed(range(len(changes))):
        weights[i] = steps[i].dot(direction) * rhos[i]
        direction = direction - weights[i] * changes[i]
    direction = direction * state["H_diag"]
    for i in range(len(changes)):
        direction = direction + (weights[i] - changes[i].dot(direction) * rhos[i]) * steps[i]
    return direction


def _remember(state: State, grad: Tensor, history_size: int) -> None:
    """Store the last step and its change of the gradient, if their curvature is positive."""
    change = grad - state["prev_flat_grad"]
    step = state["d"] * state["t"]
    curvature = change.dot(step)
    rho = 1.0 / curvature
    if curvature.item() <= 1e-10 or not math.isfinite(rho.item()):
        return
    if len(state["old_dirs"]) == history_size:
        for name in ("old_dirs", "old_stps", "ro"):
            state[name].pop(0)
    state["old_dirs"].append(change)
    state["old_stps"].append(step)
    state["ro"].append(rho)
    state["H_diag"] = curvature / change.dot(change)

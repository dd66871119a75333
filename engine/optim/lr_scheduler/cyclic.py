"""Cyclic schedulers, with the momentum cycled inversely."""

from __future__ import annotations

import bisect
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

from engine._validation import ANY, POSITIVE, Range, check_choice, check_ranges
from engine.optim.lr_scheduler.base import (
    LRScheduler,
    check_optimizer,
    cosine,
    per_group,
    set_option,
)
from engine.optim.optimizer import Optimizer


class CyclicLR(LRScheduler):
    """Cycles between base_lr and max_lr, a step per batch (Smith, 2015).

    A cycle has step_size_up steps up and step_size_down (None: the same) down. `mode` is
    "triangular"; "triangular2", whose height is halved each cycle; or "exp_range", whose height is
    gamma to the power of the step. `scale_fn` replaces it: a function of the number of the cycle,
    or with scale_mode "iterations" of the step. Momentum (or Adam's first beta) cycles inversely.

    >>> import engine
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0, momentum=0.9)
    >>> schedule = engine.optim.lr_scheduler.CyclicLR(optimizer, 0.1, 0.5, step_size_up=4)
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.2]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("CyclicLR", optimizer)
        options = {"step_size_up": step_size_up, "step_size_down": step_size_down, "gamma": gamma}
        down = Range(0.0, open="low", optional=True)
        ranges = {"step_size_up": POSITIVE, "step_size_down": down, "gamma": ANY}
        check_ranges("CyclicLR", ranges, options)
        if scale_fn is None:
            check_choice("CyclicLR", "mode", mode, ("triangular", "triangular2", "exp_range"))
        elif not callable(scale_fn):
            raise TypeError(f"CyclicLR: scale_fn must be a function, got {scale_fn!r}")
        check_choice("CyclicLR", "scale_mode", scale_mode, ("cycle", "iterations"))
        groups = optimizer.param_groups
        base_lrs = _numbers("CyclicLR", "base_lr", base_lr, groups)
        self.max_lrs = _numbers("CyclicLR", "max_lr", max_lr, groups)
        self.total_size = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size += step_size_up
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if last_epoch == -1:
            for lr, group in zip(base_lrs, groups, strict=True):
                set_option(group, "lr", lr)
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            momenta = _momenta("CyclicLR", optimizer, base_momentum, max_momentum, last_epoch)
            self.base_momentums, self.max_momentums = momenta
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The height of cycle x or, with scale_mode "iterations", at step x."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 0.5 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[Any]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        part = 1 + self.last_epoch / self.total_size - cycle
        if part <= self.step_ratio:
            height = part / self.step_ratio
        else:
            height = (part - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, bounds, strict=True):
                _set_momentum(group, high - (high - low) * height)
        return [
            low + (high - low) * height
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of a scale_fn that is an object, its attributes."""
        state = super().state_dict()
        function = self._scale_fn_custom
        is_plain = function is None or isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = None if is_plain else dict(vars(function))
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that state_dict returned; a plain scale_fn is not replaced."""
        state = dict(state_dict)
        attributes = state.pop("_scale_fn_custom")
        super().load_state_dict(state)
        if attributes is not None and self._scale_fn_custom is not None:
            vars(self._scale_fn_custom).update(attributes)


class OneCycleLR(LRScheduler):
    """One cycle up to max_lr and down over the training, a step per batch (Smith and Topin, 2017).

    The rate starts at max_lr / div_factor, peaks after pct_start of the steps and ends at the
    initial rate / final_div_factor; momentum (or Adam's first beta) cycles inversely. With
    `three_phase` the rate returns to the initial one before the final descent.

    >>> import engine
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], momentum=0.9)
    >>> schedule = engine.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> for _ in range(2):
    ...     optimizer.step(); schedule.step()
    >>> schedule.get_last_lr()
    [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("OneCycleLR", optimizer)
        options = {
            "pct_start": pct_start,
            "div_factor": div_factor,
            "final_div_factor": final_div_factor,
        }
        ranges = {
            "pct_start": Range(0.0, 1.0),
            "div_factor": POSITIVE,
            "final_div_factor": POSITIVE,
        }
        check_ranges("OneCycleLR", ranges, options)
        check_choice("OneCycleLR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self.cycle_momentum = cycle_momentum
        groups = optimizer.param_groups
        peaks = _numbers("OneCycleLR", "max_lr", max_lr, groups)
        if last_epoch == -1:
            for group, peak in zip(groups, peaks, strict=True):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            _momenta("OneCycleLR", optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "cos":
            return cosine(start, end, part)
        return start + (end - start) * part

    def get_lr(self) -> list[Any]:
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch} is beyond total_steps {self.total_steps}"
            )
        ends = [phase["end_step"] for phase in self._schedule_phases]
        number = min(bisect.bisect_left(ends, self.last_epoch), len(ends) - 1)
        begin = ends[number - 1] if number else 0.0
        length = ends[number] - begin
        part = (self.last_epoch - begin) / length if length else 1.0
        phase = self._schedule_phases[number]
        lrs = []
        for group in self.optimizer.param_groups:
            lrs.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                start, end = group[phase["start_momentum"]], group[phase["end_momentum"]]
                _set_momentum(group, self._between(start, end, part))
        return lrs


def _total_steps(total: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    given = {"total_steps": total, "epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in given.items():
        Range(0.0, open="low", optional=True).check("OneCycleLR", name, value)
        if value is not None and not isinstance(value, int):
            raise TypeError(f"OneCycleLR: {name} must be an int, got {value!r}")
    if total is not None:
        return total
    if epochs is None or steps_per_epoch is None:
        raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
    return epochs * steps_per_epoch


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """The last step of each phase, and the options at its ends."""
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    peak, end = float(pct_start * total_steps) - 1, float(total_steps - 1)
    up = (peak, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    down = (end, "max_lr", "min_lr", "base_momentum", "max_momentum")
    back = (2 * peak, "max_lr", "initial_lr", "base_momentum", "max_momentum")
    out = (end, "initial_lr", "min_lr", "max_momentum", "max_momentum")
    phases = (up, back, out) if three_phase else (up, down)
    return [dict(zip(names, phase, strict=True)) for phase in phases]


def _momenta(
    schedule: str, optimizer: Optimizer, base: Any, highest: Any, last_epoch: int
) -> tuple[list[float], list[float]]:
    """Lowest and highest momentum of each group, stored in the groups if new."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(f"{schedule}: cycle_momentum needs an optimizer with momentum or betas")
    groups = optimizer.param_groups
    lows = _numbers(schedule, "base_momentum", base, groups)
    highs = _numbers(schedule, "max_momentum", highest, groups)
    if last_epoch == -1:
        for group, low, high in zip(groups, lows, highs, strict=True):
            _set_momentum(group, high)
            group["base_momentum"], group["max_momentum"] = low, high
    return lows, highs


def _numbers(schedule: str, name: str, value: Any, groups: list[dict[str, Any]]) -> list[Any]:
    values = per_group(schedule, name, value, groups)
    for item in values:
        ANY.check(schedule, name, item)
    return values


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum

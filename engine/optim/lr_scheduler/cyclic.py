"""Cosines with and without restarts, and the one-cycle schedule."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

from engine.optim.lr_scheduler.base import LRScheduler, cosine, per_group
from engine.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """Along half a cosine to eta_min in T_max epochs (Loshchilov and Hutter, 2016).

    >>> import engine
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0)
    >>> schedule = engine.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> optimizer.step(); schedule.step(); round(schedule.get_last_lr()[0], 4)
    0.8536
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._current()
        if self._step_count == 1:  # resumed in the middle
            return self._lrs_at_epoch()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the rate is at its lowest
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [
                lr + (base - self.eta_min) * rise
                for lr, base in zip(self._current(), self.base_lrs, strict=True)
            ]
        # From the rate before, so that other schedules may act on it at the same time.
        now, before = (
            1 + math.cos(math.pi * epoch / self.T_max)
            for epoch in (self.last_epoch, self.last_epoch - 1)
        )
        return [now / before * (lr - self.eta_min) + self.eta_min for lr in self._current()]

    def _lrs_at_epoch(self) -> list[float]:
        return [cosine(lr, self.eta_min, self.last_epoch / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half cosines of T_0 epochs, then of T_mult times as many each (Loshchilov and Hutter,
    2016); step takes fractions of epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"CosineAnnealingWarmRestarts: {name} must be a positive int, got {value}"
                )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = float(last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [cosine(lr, self.eta_min, self.T_cur / self.T_i) for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to the given one or part of one, and set its rates."""
        self._step_count += 1
        if epoch is None and self.last_epoch < 0:
            epoch = 0.0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"step: epoch must not be negative, got {epoch}")
        else:
            self._seek(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _seek(self, epoch: float) -> None:
        self.T_cur, self.T_i = epoch, self.T_0
        if self.T_mult == 1:
            self.T_cur %= self.T_0
            return
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult


class OneCycleLR(LRScheduler):
    """Up to max_lr and down again in one training, a step each batch (Smith and Topin, 2017).

    The rate starts at max_lr / div_factor, peaks after pct_start of the steps and ends at that /
    final_div_factor; momentum (or Adam's first beta) goes the other way. `three_phase` comes
    back to the start before the last descent.
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
        if total_steps is None:
            if not epochs or not steps_per_epoch:
                raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps <= 0:
            raise ValueError(f"OneCycleLR: total_steps must be positive, got {total_steps}")
        if not 0.0 <= pct_start <= 1.0:
            raise ValueError(f"OneCycleLR: pct_start must be between 0 and 1, got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', got '{anneal_strategy}'"
            )
        self.total_steps = total_steps
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self._phases = self._plan(pct_start, three_phase)
        groups = optimizer.param_groups
        if last_epoch == -1:
            for group, peak in zip(groups, per_group("max_lr", max_lr, groups), strict=True):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                self._start_momentum(groups, base_momentum, max_momentum)
        super().__init__(optimizer, last_epoch)

    def _plan(self, pct_start: float, three_phase: bool) -> list[tuple[float, str, str, str, str]]:
        """The phases: last step, rates from and to, momenta from and to."""
        peak = float(pct_start * self.total_steps) - 1
        up = (peak, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        end = float(self.total_steps - 1)
        if not three_phase:
            return [up, (end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        back = float(2 * pct_start * self.total_steps) - 2
        return [
            up,
            (back, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
            (end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
        ]

    def _start_momentum(
        self,
        groups: list[dict[str, Any]],
        base_momentum: float | Sequence[float],
        max_momentum: float | Sequence[float],
    ) -> None:
        if "momentum" not in groups[0] and "betas" not in groups[0]:
            raise ValueError("OneCycleLR: cycle_momentum needs an optimizer with momentum or betas")
        lowest = per_group("base_momentum", base_momentum, groups)
        highest = per_group("max_momentum", max_momentum, groups)
        for group, low, high in zip(groups, lowest, highest, strict=True):
            _set_momentum(group, high)
            group["base_momentum"], group["max_momentum"] = low, high

    def _between(self, start: float, end: float, part: float) -> float:
        if self.anneal_strategy == "cos":
            return cosine(start, end, part)
        return start + (end - start) * part

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch} is beyond total_steps {self.total_steps}"
            )
        ends = [phase[0] for phase in self._phases]
        number = min(bisect.bisect_left(ends, self.last_epoch), len(ends) - 1)
        begin = ends[number - 1] if number else 0.0
        part = (self.last_epoch - begin) / (ends[number] - begin)
        keys = self._phases[number][1:]
        lrs = []
        for group in self.optimizer.param_groups:
            lrs.append(self._between(group[keys[0]], group[keys[1]], part))
            if self.cycle_momentum:
                _set_momentum(group, self._between(group[keys[2]], group[keys[3]], part))
        return lrs


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum

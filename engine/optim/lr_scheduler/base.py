"""What all schedules share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from engine.optim.optimizer import Optimizer


class LRScheduler:
    """The base of schedules: get_lr gives each group's rate for epoch number last_epoch.

    A schedule starts at last_epoch -1, or goes on from a later one where the optimizer's groups
    hold "initial_lr".
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: optimizer must be an Optimizer, "
                f"got {type(optimizer).__name__}"
            )
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: param_groups[{i}] has no 'initial_lr' to resume from"
                )
        self.optimizer = optimizer
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._steps_at_start = optimizer._steps_taken
        self._last_lr: list[float] = []
        self.step()

    def get_last_lr(self) -> list[float]:
        """The rates that the last step set."""
        return self._last_lr

    def get_lr(self) -> list[float]:
        """The rates of the epoch last_epoch, one for each group."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr()")

    def _lrs_at_epoch(self) -> list[float]:
        """The rates of last_epoch, computed without those of the epoch before where possible."""
        return self.get_lr()

    def _current(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to the given one, and set its rates."""
        if self._step_count == 1 and self.optimizer._steps_taken == self._steps_at_start:
            warnings.warn(
                "lr_scheduler.step() came before optimizer.step(); the first value of the "
                "schedule is skipped",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is None:
            self.last_epoch += 1
            lrs = self.get_lr()
        else:
            self.last_epoch = epoch
            lrs = self._lrs_at_epoch()
        self._set(lrs)

    def _set(self, lrs: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = list(lrs)

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        self.__dict__.update(state_dict)


def cosine(start: float, end: float, part: float) -> float:
    """From start at part 0 to end at part 1 along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def per_group(
    name: str, value: float | Sequence[float], groups: list[dict[str, Any]]
) -> list[float]:
    if isinstance(value, (int, float)):
        return [value] * len(groups)
    if len(value) != len(groups):
        raise ValueError(f"{name}: expected {len(groups)} values, one a group, got {len(value)}")
    return list(value)

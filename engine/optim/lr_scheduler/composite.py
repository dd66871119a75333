"""Schedulers composed of other schedulers."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from engine.optim.lr_scheduler.base import LRScheduler, check_optimizer, copied, set_option
from engine.optim.lr_scheduler.plateau import ReduceLROnPlateau
from engine.optim.optimizer import Optimizer


class _Composite(LRScheduler):
    """A scheduler that contains others, all of one optimizer."""

    _schedulers: list[LRScheduler]

    def _hold(self, optimizer: Optimizer | None, schedulers: Sequence[LRScheduler]) -> None:
        name = type(self).__name__
        if not isinstance(schedulers, (list, tuple)) or not schedulers:
            raise ValueError(f"{name}: schedulers must be a list of schedules, got {schedulers!r}")
        for i, schedule in enumerate(schedulers):
            if not isinstance(schedule, LRScheduler):
                raise TypeError(f"{name}: schedulers[{i}] is no schedule, but {schedule!r}")
            if isinstance(schedule, ReduceLROnPlateau):
                raise ValueError(
                    f"{name}: schedulers[{i}] is a ReduceLROnPlateau, whose step needs a metric"
                )
        optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        check_optimizer(name, optimizer)
        for i, schedule in enumerate(schedulers):
            if schedule.optimizer is not optimizer:
                raise ValueError(f"{name}: schedulers[{i}] is of another optimizer")
        self.optimizer = optimizer
        self._schedulers = list(schedulers)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, with the state of each scheduler."""
        state = super().state_dict()
        state["_schedulers"] = [schedule.state_dict() for schedule in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that state_dict returned."""
        state = dict(state_dict)
        for schedule, saved in zip(self._schedulers, state.pop("_schedulers"), strict=True):
            schedule.load_state_dict(saved)
        self.__dict__.update(state)


class SequentialLR(_Composite):
    """Schedulers in sequence, changing at the milestones.

    >>> import engine
    >>> from engine.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0)
    >>> parts = [ConstantLR(optimizer, 0.5, total_iters=9), ExponentialLR(optimizer, 0.9)]
    >>> schedule = SequentialLR(optimizer, parts, milestones=[2])
    >>> for _ in range(3):
    ...     optimizer.step(); schedule.step()
    >>> schedule.get_last_lr()
    [0.9]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("SequentialLR", optimizer)
        self._hold(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} "
                f"milestones, got {len(milestones)}"
            )
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        # Each scheduler took its first step in its constructor; only the first one's applies.
        for group in optimizer.param_groups:
            set_option(group, "lr", group["initial_lr"])
        _undo_first_step(self)
        first = self._schedulers[bisect.bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Advance to the next epoch and set its rates."""
        self.last_epoch += 1
        number = bisect.bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[number]
        if number and self._milestones[number - 1] == self.last_epoch:
            schedule._update_lr(0)
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()


def _undo_first_step(schedule: LRScheduler) -> None:
    if isinstance(schedule, _Composite):
        for part in schedule._schedulers:
            _undo_first_step(part)
    else:
        schedule.last_epoch -= 1


class ChainedScheduler(_Composite):
    """Schedulers applied together, each to the rates set by the one before.

    >>> import engine
    >>> from engine.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0)
    >>> parts = [ConstantLR(optimizer, 0.5, total_iters=9), ExponentialLR(optimizer, 0.5)]
    >>> schedule = ChainedScheduler(parts)
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.25]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        self._hold(optimizer, schedulers)
        self._last_lr = [copied(lr) for lr in self._current()]

    def step(self) -> None:  # type: ignore[override]
        """Step every scheduler."""
        for schedule in self._schedulers:
            schedule.step()
        self._last_lr = [copied(lr) for lr in self._current()]

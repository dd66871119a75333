"""The base class of all learning-rate schedulers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from engine._C import Tensor
from engine.optim.optimizer import Optimizer


class LRScheduler:
    """Base of schedulers: get_lr returns each group's rate for epoch number last_epoch.

    A scheduler starts at last_epoch -1, or resumes at a later one if the optimizer's groups have
    "initial_lr". A subclass may define `_get_closed_form_lr`, which computes the rates without
    those of the epoch before, for `step(epoch)`. A rate that is a Tensor is updated in place.

    >>> import engine
    >>> class Halving(engine.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * 0.5**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0)
    >>> schedule = Halving(optimizer)
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.5]
    """

    # Attributes that state_dict leaves out.
    _unsaved: tuple[str, ...] = ("optimizer",)
    _is_initial = False  # while the constructor takes the first step

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        name = type(self).__name__
        check_optimizer(name, optimizer)
        if not isinstance(last_epoch, int) or last_epoch < -1:
            raise ValueError(f"{name}: last_epoch must be an int from -1 on, got {last_epoch!r}")
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(f"{name}: param_groups[{i}] has no 'initial_lr' to resume from")
        self.optimizer = optimizer
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[Any] = []
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_last_lr(self) -> list[Any]:
        """The rates that the last step set, one for each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rates of the epoch last_epoch, one for each group."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr()")

    def _current(self) -> list[Any]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self, epoch: int | None = None) -> None:
        """Advance to the next epoch, or to the given one, and set its rates."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "lr_scheduler.step() came before optimizer.step(); the first value of the "
                "schedule is skipped",
                stacklevel=2,
            )
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        if epoch is None:
            self.last_epoch += 1
            lrs = self.get_lr()
        else:
            self.last_epoch = epoch
            lrs = getattr(self, "_get_closed_form_lr", self.get_lr)()
        self._set(lrs)

    def _set(self, lrs: Iterable[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            set_option(group, "lr", lr)
        self._last_lr = [copied(lr) for lr in self._current()]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key not in self._unsaved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that state_dict returned."""
        self.__dict__.update(state_dict)


def check_optimizer(schedule: str, optimizer: Any) -> None:
    """Raises TypeError for an object that is not an Optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{schedule}: optimizer must be an Optimizer, got {type(optimizer).__name__}"
        )


def copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def set_option(group: dict[str, Any], name: str, value: Any) -> None:
    """Set an option of a group; a Tensor is updated in place."""
    if isinstance(group.get(name), Tensor):
        group[name].fill_(float(value))
    else:
        group[name] = value


def cosine(start: float, end: float, part: float) -> float:
    """Half a cosine from start at 0 to end at 1."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def per_group(schedule: str, name: str, value: Any, groups: Sequence[dict[str, Any]]) -> list[Any]:
    """One value per group, from a single value or a list."""
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in groups]
    if len(value) != len(groups):
        raise ValueError(
            f"{schedule}: {name} must have {len(groups)} values, one for each group, got "
            f"{len(value)}"
        )
    return [copied(item) for item in value]

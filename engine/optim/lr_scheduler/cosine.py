"""Cosine schedulers, with and without restarts."""

from __future__ import annotations

import math
from typing import Any

from engine._validation import ANY, POSITIVE, check_int, check_ranges
from engine.optim.lr_scheduler.base import LRScheduler, cosine
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
        ranges = {"T_max": POSITIVE, "eta_min": ANY}
        check_ranges("CosineAnnealingLR", ranges, {"T_max": T_max, "eta_min": eta_min})
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self._is_initial:
            return self._current()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the rate is at its lowest
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [
                lr + (base - self.eta_min) * rise
                for lr, base in zip(self._current(), self.base_lrs, strict=True)
            ]
        # Recursive, so that it can be combined with other schedulers.
        now, before = (
            1 + math.cos(math.pi * epoch / self.T_max)
            for epoch in (self.last_epoch, self.last_epoch - 1)
        )
        return [now / before * (lr - self.eta_min) + self.eta_min for lr in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        return [cosine(lr, self.eta_min, self.last_epoch / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half cosines of T_0 epochs, each T_mult times as long as the one before (Loshchilov and
    Hutter, 2016); step accepts fractions of epochs.

    >>> import engine
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0)
    >>> restarts = engine.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=4)
    >>> restarts.step(2.0); round(restarts.get_last_lr()[0], 4)
    0.5
    >>> restarts.step(4.0); restarts.get_last_lr()
    [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        check_int("CosineAnnealingWarmRestarts", "T_0", T_0, low=1)
        check_int("CosineAnnealingWarmRestarts", "T_mult", T_mult, low=1)
        ANY.check("CosineAnnealingWarmRestarts", "eta_min", eta_min)
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = float(last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        return [cosine(lr, self.eta_min, self.T_cur / self.T_i) for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Advance to the next epoch, or to the given one or fraction, and set its rates."""
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

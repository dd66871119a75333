"""Averages of a model's weights over the steps of its training."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._validation import Range, check_choice, check_int
from engine.autograd import no_grad
from engine.nn.module import Module
from engine.optim.lr_scheduler.base import LRScheduler, check_optimizer, per_group
from engine.optim.optimizer import Optimizer

AverageFn = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverageFn = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_ema_avg_fn(decay: float = 0.999) -> AverageFn:
    """The function `avg_fn` of an exponential moving average.

    >>> import engine
    >>> average = engine.optim.swa_utils.get_ema_avg_fn(0.75)
    >>> average(engine.ones(1), engine.zeros(1), 1).item()
    0.75
    """
    _check_decay("get_ema_avg_fn", decay)

    @no_grad()
    def average(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        return decay * averaged + (1 - decay) * current

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverageFn:
    """The function `multi_avg_fn` of an exponential moving average, which works in place."""
    _check_decay("get_ema_multi_avg_fn", decay)
    return _move_by(lambda num_averaged: 1 - decay)


def get_swa_avg_fn() -> AverageFn:
    """The function `avg_fn` of the mean of all models (Izmailov et al., 2018)."""

    @no_grad()
    def average(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        return averaged + (current - averaged) / (num_averaged + 1)

    return average


def get_swa_multi_avg_fn() -> MultiAverageFn:
    """The function `multi_avg_fn` of the mean of all models, which works in place."""
    return _move_by(lambda num_averaged: 1 / (int(num_averaged) + 1))


def _check_decay(name: str, decay: float) -> None:
    Range(0.0, 1.0).check(name, "decay", decay)


def _move_by(weight: Callable[[Any], float]) -> MultiAverageFn:
    """Move averages in place by a part of their distance to the current values."""

    @no_grad()
    def move(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        part = weight(num_averaged)
        for average, value in zip(averaged, current, strict=True):
            if average.is_floating_point():
                average.lerp_(value, part)
            else:
                average.copy_(average + (value - average) * part)

    return move


class AveragedModel(Module):
    """A copy of a model whose parameters average those of the model over time.

    `update_parameters(model)` adds the model to the average; the first one is copied. By default
    the average is the mean of all models; `avg_fn(averaged, current, num_averaged)` returns
    another, `multi_avg_fn(averaged, current, num_averaged)` writes it into lists of tensors.
    Buffers are averaged with `use_buffers`, otherwise copied.

    >>> import engine
    >>> model = engine.nn.Linear(1, 1, bias=False)
    >>> averaged = engine.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     weight = engine.nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    >>> round(averaged.module.weight.item(), 4)
    3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AverageFn | None = None,
        multi_avg_fn: MultiAverageFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: avg_fn and multi_avg_fn exclude each other")
        for name, function in (("avg_fn", avg_fn), ("multi_avg_fn", multi_avg_fn)):
            if function is not None and not callable(function):
                raise TypeError(f"AveragedModel: {name} must be a function, got {function!r}")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", _C.zeros((), dtype=_C.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Add the model's current parameters to the average."""
        averaged, current = self._tensors(self.module), self._tensors(model)
        if self.n_averaged == 0:
            for average, value in zip(averaged, current, strict=True):
                average.copy_(value)
        elif averaged:
            self._average(averaged, current)
        if not self.use_buffers:
            for average, value in zip(self.module.buffers(), model.buffers(), strict=True):
                average.detach().copy_(value.detach())
        self.n_averaged += 1

    def _tensors(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in itertools.chain(model.parameters(), buffers)]

    def _average(self, averaged: list[Tensor], current: list[Tensor]) -> None:
        if self.avg_fn is not None:
            for average, value in zip(averaged, current, strict=True):
                average.copy_(self.avg_fn(average, value, self.n_averaged))
            return
        move = self.multi_avg_fn or get_swa_multi_avg_fn()
        by_dtype: dict[_C.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for average, value in zip(averaged, current, strict=True):
            lists = by_dtype.setdefault(average.dtype, ([], []))
            lists[0].append(average)
            lists[1].append(value.to(average.device))
        for averages, values in by_dtype.values():
            move(averages, values, self.n_averaged)


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Recompute the running statistics of the model's batch norms over the loader's batches.

    The first item of a batch that is a list or tuple is the input.

    >>> import engine
    >>> model = engine.nn.BatchNorm1d(1)
    >>> batches = [engine.tensor([[0.0], [2.0]]), engine.tensor([[4.0], [6.0]])]
    >>> engine.optim.swa_utils.update_bn(batches, model); model.running_mean
    tensor([3.])
    """
    norms: list[Any] = [m for m in model.modules() if hasattr(m, "reset_running_stats")]
    norms = [m for m in norms if m.running_mean is not None]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    was_training = model.training
    model.train()
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # cumulative averages
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """Anneals the rate to swa_lr in anneal_epochs epochs, then constant (Izmailov et al., 2018).

    >>> import engine
    >>> optimizer = engine.optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=1.0)
    >>> schedule = engine.optim.swa_utils.SWALR(optimizer, 0.5, 2, anneal_strategy="linear")
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("SWALR", optimizer)
        groups = optimizer.param_groups
        for group, lr in zip(groups, per_group("SWALR", "swa_lr", swa_lr, groups), strict=True):
            Range(0.0).check("SWALR", "swa_lr", lr)
            group["swa_lr"] = lr
        check_choice("SWALR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        check_int("SWALR", "anneal_epochs", anneal_epochs, low=0)
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        """The annealed fraction at a step."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * part)) / 2 if self._anneal_strategy == "cos" else part

    def get_lr(self) -> list[Any]:
        # Recursive, so that it can be combined with other schedulers.
        step = self._step_count - 1
        step = max(1, step) if self.anneal_epochs == 0 else step
        before, now = self._part(step - 1), self._part(step)
        lrs = []
        for group in self.optimizer.param_groups:
            target, lr = group["swa_lr"], group["lr"]
            start = target if before == 1 else (lr - before * target) / (1 - before)
            lrs.append(target * now + start * (1 - now))
        return lrs

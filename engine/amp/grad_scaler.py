"""Scaling of the loss, so that small gradients do not vanish in float16."""

from __future__ import annotations

import enum
import math
import warnings
from collections import defaultdict
from typing import Any

from engine import _C
from engine._argument_errors import guarded
from engine._C import Tensor
from engine._validation import NON_NEGATIVE, POSITIVE, Range, check_int
from engine.autograd import no_grad
from engine.optim._base import as_float32
from engine.optim.optimizer import Optimizer

_GROWTH = Range(1.0, open="low")
_BACKOFF = Range(0.0, 1.0, open="low high")


class _Stage(enum.Enum):
    READY = enum.auto()
    UNSCALED = enum.auto()
    STEPPED = enum.auto()


class _Progress:
    """Stage of an optimizer since the last update, and finiteness of its gradients."""

    def __init__(self) -> None:
        self.stage = _Stage.READY
        self.finite: bool | None = None


class GradScaler:
    """Multiplies the loss by a scale that grows while gradients are finite (Micikevicius et al.,
    2018).

    `scale` multiplies the loss; `step` divides the gradients by the scale and skips the optimizer's
    step if one of them is inf or nan; `update` then multiplies the scale by `backoff_factor`, or
    after `growth_interval` good steps by `growth_factor`. If not `enabled`, or for a device that is
    not available, all methods leave their arguments unchanged.

    >>> import engine
    >>> weight = engine.nn.Parameter(engine.ones(1))
    >>> optimizer = engine.optim.SGD([weight], lr=0.5)
    >>> scaler = engine.amp.GradScaler("cpu", init_scale=1024.0)
    >>> scaler.scale(weight.sum()).backward()
    >>> scaler.step(optimizer); scaler.update()
    >>> weight.item(), scaler.get_scale()
    (0.5, 1024.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = _C.device(device).type
        self._enabled = enabled
        if enabled and self._device != "cpu":
            warnings.warn(
                f"GradScaler: there is no device {device!r} here, so scaling is disabled",
                stacklevel=2,
            )
            self._enabled = False
        if not self._enabled:
            return
        POSITIVE.check("GradScaler", "init_scale", init_scale)
        self._init_scale = float(init_scale)
        self._scale: float | None = None
        self.set_growth_factor(growth_factor)
        self.set_backoff_factor(backoff_factor)
        self.set_growth_interval(growth_interval)
        self._growth_tracker = 0
        self._progress: defaultdict[int, _Progress] = defaultdict(_Progress)

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of a list or tuple, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = as_float32(self._init_scale)
            return outputs * self._scale
        if isinstance(outputs, (list, tuple)):
            return type(outputs)(self.scale(output) for output in outputs)
        if hasattr(outputs, "__iter__") and not isinstance(outputs, (str, bytes)):
            return (self.scale(output) for output in outputs)
        raise ValueError(
            f"scale: outputs must be a Tensor or an iterable of Tensors, got {outputs!r}"
        )

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimizer by the scale, for instance to clip them."""
        if not self._enabled:
            return
        scale = self._known_scale("unscale_")
        progress = self._progress[id(optimizer)]
        if progress.stage is _Stage.UNSCALED:
            raise RuntimeError(
                "unscale_: has been called for this optimizer since the last update()"
            )
        if progress.stage is _Stage.STEPPED:
            raise RuntimeError("unscale_: call it before step(), which unscales if need be")
        progress.finite = _unscale(optimizer, as_float32(1.0 / scale))
        progress.stage = _Stage.UNSCALED

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Unscale the gradients if not done yet and, if all are finite, call the optimizer's step.

        Returns what that returned; None if it was skipped.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("step: takes no closure, which would compute unscaled gradients")
        self._known_scale("step")
        progress = self._progress[id(optimizer)]
        if progress.stage is _Stage.STEPPED:
            raise RuntimeError("step: has been called for this optimizer since the last update()")
        if progress.stage is _Stage.READY:
            self.unscale_(optimizer)
        if progress.finite is None:
            raise AssertionError("step: the optimizer has no gradients to check")
        result = optimizer.step(*args, **kwargs) if progress.finite else None
        progress.stage = _Stage.STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adjust the scale after the steps of an iteration, or set it."""
        if not self._enabled:
            return
        scale = self._known_scale("update")
        if new_scale is not None:
            NON_NEGATIVE.check("update", "new_scale", new_scale)
            self._scale = as_float32(float(new_scale))
        else:
            found = [p.finite for p in self._progress.values() if p.finite is not None]
            if not found:
                raise AssertionError("update: no gradients have been checked since the last one")
            self._move_scale(scale, all(found))
        self._progress.clear()

    def _move_scale(self, scale: float, finite: bool) -> None:
        if not finite:
            self._scale = as_float32(scale * self._backoff_factor)
            self._growth_tracker = 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = scale * self._growth_factor
            if grown <= _LARGEST:
                self._scale = as_float32(grown)
            self._growth_tracker = 0

    def _known_scale(self, function: str) -> float:
        if self._scale is None:
            raise AssertionError(f"{function}: call scale() on the loss first")
        return self._scale

    # ---- options --------------------------------------------------------------------------

    def is_enabled(self) -> bool:
        """True where losses are scaled."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale; 1.0 where it is not enabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale

    def get_growth_factor(self) -> float:
        """The factor after growth_interval good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set the factor after growth_interval good steps, more than 1."""
        _GROWTH.check("GradScaler", "growth_factor", new_factor)
        self._growth_factor = float(new_factor)

    def get_backoff_factor(self) -> float:
        """The factor after a step with gradients that are not finite."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set the factor after a step with gradients that are not finite, less than 1."""
        _BACKOFF.check("GradScaler", "backoff_factor", new_factor)
        self._backoff_factor = float(new_factor)

    def get_growth_interval(self) -> int:
        """Number of good steps in a row after which the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set the number of good steps in a row after which the scale grows."""
        check_int("GradScaler", "growth_interval", new_interval, low=1)
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """The scale, the options, and the good steps since its change; empty if not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that state_dict returned."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "load_state_dict: the state is empty, perhaps of a scaler that was not enabled"
            )
        self._init_scale = float(state_dict["scale"])
        self._scale = None if self._scale is None else as_float32(self._init_scale)
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]

    def __getstate__(self) -> dict[str, Any]:
        if self._enabled and self._progress:
            raise AssertionError("GradScaler: can be copied or pickled only after update()")
        return self.__dict__


_LARGEST = 3.4028234663852886e38  # of float32


@no_grad()
def _unscale(optimizer: Optimizer, factor: float) -> bool | None:
    """Multiply the gradients and say whether all are finite; None if there are no gradients."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    grads = [param.grad.detach() for param in params if param.grad is not None]
    if not grads:
        return None
    if any(grad.dtype == _C.float16 for grad in grads):
        raise ValueError(
            "unscale_: gradients in float16 cannot be unscaled; keep the parameters in float32"
        )
    finite = all(math.isfinite(grad.abs().max().item()) for grad in grads if grad.numel())
    _C._foreach_mul_(grads, factor)
    return finite


GradScaler.__init__ = guarded(GradScaler.__init__)  # type: ignore[method-assign]

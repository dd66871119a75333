"""Mixed precision for the ops of a scope."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from engine import _C

F = TypeVar("F", bound=Callable[..., Any])

_LOWER_TYPES = (_C.bfloat16, _C.float16)
_DEFAULTS = {"cpu": _C.bfloat16, "cuda": _C.float16, "meta": _C.bfloat16}


class autocast:
    """Products and convolutions in a 16-bit type, losses in float32, other ops as they are.

    A context manager and a decorator, for the forward pass: gradients have the types of their
    tensors. Weights are cast once in a scope, unless ``cache_enabled`` is off. ``dtype`` is
    bfloat16 on the CPU by default; float64 is not cast. For a device that is not available it does
    nothing but warn. The lists of ops are those of PyTorch for the CPU (Micikevicius et al.,
    "Mixed precision training", 2017).

    >>> import engine
    >>> with engine.amp.autocast("cpu"):
    ...     y = engine.ones(2, 3) @ engine.ones(3, 2)
    >>> y.dtype
    engine.bfloat16
    """

    def __init__(
        self,
        device_type: str,
        dtype: _C.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._enabled = enabled and self._is_possible()
        self._cache_enabled = cache_enabled is not False
        self._scopes: list[Any] = []

    def _is_possible(self) -> bool:
        if self.device == "cuda":
            warnings.warn(
                "autocast: there is no CUDA device: nothing is cast in this scope", stacklevel=3
            )
            return False
        if self.fast_dtype not in _LOWER_TYPES:
            warnings.warn(
                f"autocast: dtype: expected bfloat16 or float16, got {self.fast_dtype}: nothing is "
                "cast in this scope",
                stacklevel=3,
            )
            return False
        return True

    def __enter__(self) -> autocast:
        scope = _C._Autocast(
            _C.device(self.device), self.fast_dtype, self._enabled, self._cache_enabled
        )
        scope.enter()
        self._scopes.append(scope)
        return self

    def __exit__(self, *_: object) -> None:
        self._scopes.pop().leave()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


def is_autocast_available(device_type: str) -> bool:
    """True if :class:`autocast` has an effect on a device.

    >>> import engine
    >>> engine.amp.is_autocast_available("cpu")
    True
    """
    return device_type == "cpu"


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    """True if ops on a device are cast here.

    >>> import engine
    >>> engine.is_autocast_enabled("cpu")
    False
    """
    state = _C._autocast_state(_C.device(device_type))
    return state is not None and state[0]


def get_autocast_dtype(device_type: str) -> _C.dtype:
    """The 16-bit type of the innermost scope; outside of any, the default of a new one.

    >>> import engine
    >>> engine.get_autocast_dtype("cpu")
    engine.bfloat16
    """
    if device_type not in _DEFAULTS:
        expected = ", ".join(map(repr, _DEFAULTS))
        raise ValueError(f"autocast: device_type: expected one of {expected}, got {device_type!r}")
    state = _C._autocast_state(_C.device(device_type))
    return _DEFAULTS[device_type] if state is None else state[1]


def custom_fwd(
    fwd: Any = None, *, device_type: str = "cpu", cast_inputs: _C.dtype | None = None
) -> Any:
    """Decorates ``forward`` of an autograd Function: with ``cast_inputs`` it runs without autocast.

    >>> import engine
    >>> @engine.amp.custom_fwd(device_type="cpu", cast_inputs=engine.float32)
    ... def forward(ctx, x):
    ...     return x @ x
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._fwd_used_autocast = is_autocast_enabled(device_type)
        if cast_inputs is None or not ctx._fwd_used_autocast:
            return fwd(ctx, *args, **kwargs)
        ctx._fwd_used_autocast = False
        with autocast(device_type, enabled=False):
            cast = {name: _cast(value, cast_inputs) for name, value in kwargs.items()}
            return fwd(ctx, *(_cast(value, cast_inputs) for value in args), **cast)

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str = "cpu") -> Any:
    """Decorates ``backward`` of an autograd Function: autocast is enabled if it was in ``forward``.

    >>> import engine
    >>> @engine.amp.custom_bwd(device_type="cpu")
    ... def backward(ctx, grad):
    ...     return grad
    """
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *grads: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast):
            return bwd(ctx, *grads)

    return backward


def _cast(value: Any, dtype: _C.dtype) -> Any:
    if isinstance(value, _C.Tensor) and value.is_floating_point() and value.dtype != _C.float64:
        return value.to(dtype)
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(item, dtype) for item in value)
    if isinstance(value, dict):
        return {key: _cast(item, dtype) for key, item in value.items()}
    return value

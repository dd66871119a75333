"""Gradient modes: context managers that are decorators too."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from engine import _C

F = TypeVar("F", bound=Callable[..., Any])

_CO_GENERATOR = 0x20  # inspect.CO_GENERATOR: inspect is slow to import


class _Mode:
    """Applies ``enter`` during a ``with`` block or a decorated call."""

    def __enter__(self) -> None:
        self._saved = self._apply()

    def __exit__(self, *_: object) -> None:
        self._restore(self._saved)

    def _apply(self) -> Any:
        raise NotImplementedError

    def _restore(self, saved: Any) -> None:
        _C._set_grad_enabled(saved)

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from self._resumed(function(*args, **kwargs)))

        code = getattr(function, "__code__", None)
        chosen = generator if code and code.co_flags & _CO_GENERATOR else wrapped
        return chosen  # type: ignore[return-value]

    def _resumed(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Applies the mode while the generator runs, not while its caller does."""
        advance: Callable[[], Any] = functools.partial(next, steps)
        while True:
            try:
                with self._fresh():
                    value = advance()
            except StopIteration as stop:
                return stop.value
            try:
                advance = functools.partial(steps.send, (yield value))
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:
                advance = functools.partial(steps.throw, error)

    def _fresh(self) -> _Mode:
        # A decorated function may be recursive: each call saves its own previous state.
        return type(self)()


class _BareDecorator(type):
    """Allows ``@no_grad`` for ``@no_grad()``."""

    def __call__(cls, function: Any = None, *args: Any) -> Any:
        if callable(function):
            return super().__call__()(function)
        return super().__call__(*(() if function is None else (function, *args)))


class no_grad(_Mode, metaclass=_BareDecorator):
    """Disables recording of ops.

    >>> import engine
    >>> x = engine.ones(1, requires_grad=True)
    >>> with engine.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    def _apply(self) -> Any:
        return _C._set_grad_enabled(False)


class enable_grad(_Mode, metaclass=_BareDecorator):
    """Enables recording of ops, inside of no_grad too.

    >>> import engine
    >>> x = engine.ones(1, requires_grad=True)
    >>> with engine.no_grad(), engine.enable_grad():
    ...     (x * 2).requires_grad
    True
    """

    def _apply(self) -> Any:
        return _C._set_grad_enabled(True)


class set_grad_enabled(_Mode):
    """Enables or disables recording, permanently or for a ``with`` block.

    >>> import engine
    >>> with engine.set_grad_enabled(False):
    ...     engine.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._before = _C._set_grad_enabled(mode)

    def _apply(self) -> Any:
        _C._set_grad_enabled(self.mode)
        return self._before

    def __call__(self, function: F) -> F:
        _C._set_grad_enabled(self._before)  # a decorator acts only during calls
        return super().__call__(function)

    def _fresh(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)


class inference_mode(_Mode, metaclass=_BareDecorator):
    """As no_grad, but tensors created inside can't enter a graph later: views are not tracked.

    >>> import engine
    >>> with engine.inference_mode():
    ...     y = engine.ones(1) * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def _apply(self) -> Any:
        return (
            _C._set_inference_mode(self.mode),
            _C._set_grad_enabled(not self.mode and _C.is_grad_enabled()),
        )

    def _restore(self, saved: Any) -> None:
        _C._set_inference_mode(saved[0])
        _C._set_grad_enabled(saved[1])

    def _fresh(self) -> inference_mode:
        return inference_mode(self.mode)

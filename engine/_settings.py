"""Settings of the whole program: the default device, determinism, precision."""

from __future__ import annotations

import warnings

from engine import _C

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_default_device",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_warn_always",
    "use_deterministic_algorithms",
]

_deterministic = _warn_only = _warn_always = False
_precision = "highest"
_interop_threads = 1


def get_default_device() -> _C.device:
    """The device of tensors that are made without one.

    >>> import engine
    >>> engine.get_default_device()
    device(type='cpu')
    """
    return _C._default_device()


def set_default_device(device: _C.device | str | None) -> None:
    """Sets the device of tensors that are made without one; None is the CPU.

    >>> import engine
    >>> engine.set_default_device("meta"); engine.zeros(2).device
    device(type='meta')
    >>> engine.set_default_device(None)
    """
    _C._set_default_device(_C.device("cpu" if device is None else device))


_entered: list[_C.device] = []


def _enter_device(self: _C.device) -> _C.device:
    """Makes the device the default for a ``with`` block."""
    _entered.append(_C._set_default_device(self))
    return self


def _exit_device(self: _C.device, *_: object) -> None:
    """Ends the ``with`` block."""
    _C._set_default_device(_entered.pop())


setattr(_C.device, "__enter__", _enter_device)  # noqa: B010  (bound by pybind11)
setattr(_C.device, "__exit__", _exit_device)  # noqa: B010


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepts either mode: every kernel is deterministic.

    >>> import engine
    >>> engine.use_deterministic_algorithms(True)
    >>> engine.are_deterministic_algorithms_enabled()
    True
    >>> engine.use_deterministic_algorithms(False)
    """
    global _deterministic, _warn_only
    _deterministic, _warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """The mode that ``use_deterministic_algorithms`` set."""
    return _deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """True if ``use_deterministic_algorithms`` was given ``warn_only``."""
    return _warn_only


def get_deterministic_debug_mode() -> int:
    """0, 1 for warnings, 2 for errors, as ``use_deterministic_algorithms`` set them."""
    return (1 if _warn_only else 2) if _deterministic else 0


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """``use_deterministic_algorithms`` by number, or by ``'default'``, ``'warn'``, ``'error'``."""
    names = {"default": 0, "warn": 1, "error": 2}
    mode = names.get(debug_mode, -1) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        raise RuntimeError(
            f"set_deterministic_debug_mode: expected 0 to 2 or one of {list(names)}, "
            f"got {debug_mode!r}"
        )
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_float32_matmul_precision() -> str:
    """The setting of ``set_float32_matmul_precision``: 'highest' at first."""
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Allows float32 products of lower precision: ``'highest'``, ``'high'`` or ``'medium'``.

    The CPU's are always of the highest. Warns of other values, as PyTorch does.

    >>> import engine
    >>> engine.set_float32_matmul_precision("high")
    """
    global _precision
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"set_float32_matmul_precision: expected 'highest', 'high' or 'medium', "
            f"got {precision!r}: nothing changes",
            stacklevel=2,
        )
        return
    _precision = precision


def get_num_interop_threads() -> int:
    """Number of ops that may run at once: only a setting, as ops run one after another."""
    return _interop_threads


def set_num_interop_threads(n: int) -> None:
    """Stores the number of concurrent ops; without effect, as ops run one after another."""
    global _interop_threads
    if n < 1:
        raise ValueError(f"set_num_interop_threads: n: expected 1 or more, got {n}")
    _interop_threads = n


def set_flush_denormal(mode: bool) -> bool:
    """Returns False: subnormal numbers are never flushed to 0, the kernels compute with them.

    >>> import engine
    >>> engine.set_flush_denormal(True)
    False
    """
    return not mode


def set_warn_always(b: bool) -> None:
    """Asks for one-time warnings at each occurrence: the value is stored and has no effect."""
    global _warn_always
    _warn_always = b


def is_warn_always_enabled() -> bool:
    """The setting of ``set_warn_always``."""
    return _warn_always

"""Tensor's repr in PyTorch's format, and its options."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np


class _Options:
    def __init__(
        self,
        precision: int = 4,
        threshold: float = 1000,
        edgeitems: int = 3,
        linewidth: int = 80,
        sci_mode: bool | None = None,
    ) -> None:
        self.precision, self.threshold, self.edgeitems = precision, threshold, edgeitems
        self.linewidth, self.sci_mode = linewidth, sci_mode


_options = _Options()


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=sys.maxsize),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Sets how tensors print.

    ``precision`` digits after the point; beyond ``threshold`` elements only ``edgeitems`` at both
    ends of each dimension; lines of ``linewidth`` characters; ``sci_mode`` forces or forbids
    scientific notation, None chooses by the values. ``profile`` first sets all of them:
    ``'default'``, ``'short'`` or ``'full'``. Raises ValueError for another profile.

    >>> import engine
    >>> engine.set_printoptions(precision=2)
    >>> engine.tensor(3.14159)
    tensor(3.14)
    >>> engine.set_printoptions(profile="default")
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(
            f"set_printoptions: profile: expected one of {list(_PROFILES)}, got {profile!r}"
        )
    if profile is not None:
        vars(_options).update(vars(_PROFILES[profile]))
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    vars(_options).update({name: value for name, value in given.items() if value is not None})
    _options.sci_mode = sci_mode


def _shown_values(array: np.ndarray) -> np.ndarray:
    """The elements that will be printed, from which the common format is chosen."""
    if array.size <= _options.threshold:
        return array.reshape(-1)
    edge = _options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            kept = np.r_[0:edge, size - edge : size]
            array = np.take(array, kept, axis=axis)
    return array.reshape(-1)


class _FloatFormat:
    def __init__(self, values: np.ndarray) -> None:
        signed = values[np.isfinite(values) & (values != 0)]
        finite = np.abs(signed)
        top, low = (float(finite.max()), float(finite.min())) if finite.size else (0.0, 0.0)
        self.whole = bool((finite == np.ceil(finite)).all())
        if _options.sci_mode is not None:
            self.scientific = _options.sci_mode
        elif self.whole:
            self.scientific = top > 1e8
        else:
            self.scientific = top / low > 1000.0 or top > 1e8 or low < 1e-4
        self.width = max((len(self.text(v)) for v in signed), default=0)

    def text(self, value: float) -> str:
        if not math.isfinite(value):
            return str(value)
        if self.scientific:
            return f"{value:.{_options.precision}e}"
        return f"{value:.0f}." if self.whole else f"{value:.{_options.precision}f}"


class _PlainFormat:
    def __init__(self, values: np.ndarray) -> None:
        self.width = max((len(str(v)) for v in values), default=0)

    def text(self, value: Any) -> str:
        return str(value)


class _Printer:
    """Lays out one tensor."""

    def __init__(self, array: np.ndarray) -> None:
        self.edge = _options.edgeitems if array.size > _options.threshold else array.size
        self.form: _FloatFormat | _PlainFormat
        self.form = (_FloatFormat if array.dtype.kind == "f" else _PlainFormat)(
            _shown_values(array)
        )

    def nested(self, array: np.ndarray, indent: int) -> str:
        if array.ndim == 0:
            return self.form.text(array.item())
        if array.ndim == 1:
            return self.row(array, indent)
        rows = self.ends(array, lambda row: self.nested(row, indent + 1))
        return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(rows) + "]"

    def row(self, array: np.ndarray, indent: int) -> str:
        cells = self.ends(
            array, lambda value: f"{self.form.text(value):>{self.form.width}}", " ..."
        )
        per_line = max(1, (_options.linewidth - indent) // (self.form.width + 2))
        lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"

    def ends(self, array: np.ndarray, text: Callable[[Any], str], gap: str = "...") -> list[str]:
        """All entries, or those at both ends of a large tensor."""
        if array.shape[0] <= 2 * self.edge:
            return [text(entry) for entry in array]
        first, last = array[: self.edge], array[-self.edge :]
        return [*map(text, first), gap, *map(text, last)]


def _suffixes(self: Tensor) -> list[str]:
    """The suffixes after the numbers: device, size, dtype and gradient."""
    suffixes = []
    default = _C.get_default_dtype()
    meta = self.device.type == "meta"
    natural = (default,) if meta or self.numel() == 0 else (default, _C.int64, _C.bool)
    if self.device.type != "cpu":
        suffixes.append(f"device='{self.device}'")
    if meta or (self.numel() == 0 and self.ndim != 1):
        suffixes.append(f"size={tuple(self.shape)}")
    if self.dtype not in natural:
        suffixes.append(f"dtype={str(self.dtype).removeprefix('engine.')}")
    node = _C._grad_fn(self)
    if node is not None:
        suffixes.append(f"grad_fn=<{node.name()}>")
    elif self.requires_grad:
        suffixes.append("requires_grad=True")
    return suffixes


def tensor_repr(self: Tensor) -> str:
    """The text of ``repr(tensor)``."""
    if self.device.type == "meta":
        return f"tensor({', '.join(['...', *_suffixes(self)])})"
    plain = self.detach().cpu()
    small = self.dtype.is_floating_point and self.dtype.itemsize < 4
    array = (plain.float() if small else plain).numpy()
    numbers = _Printer(array).nested(array, len("tensor(")) if array.size else "[]"
    return f"tensor({', '.join([numbers, *_suffixes(self)])})"

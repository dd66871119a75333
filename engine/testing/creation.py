"""Random tensors for tests."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine._limits import iinfo


def make_tensor(
    *shape: Any,
    dtype: _C.dtype,
    device: _C.device | str,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of uniform random numbers in [``low``, ``high``).

    By default from -9 to 9 for floats, -9 to 10 for integers, 0 to 10 for bytes. With
    ``noncontiguous`` every other element of the memory, with ``exclude_zero`` the least positive
    number for 0.

    >>> import engine
    >>> x = engine.testing.make_tensor(2, 3, dtype=engine.int8, device="cpu", low=0, high=5)
    >>> x.shape, bool((x < 5).all())
    (Size([2, 3]), True)
    """
    size = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    wide = (*size[:-1], 2 * size[-1]) if noncontiguous and size else size
    if dtype == _C.bool:
        made = _C.randint(0, 2, wide, device=device).to(dtype)
    elif dtype.is_floating_point:
        start, end = -9 if low is None else low, 9 if high is None else high
        made = (_C.rand(wide, device=device) * (end - start) + start).to(dtype)
    else:
        least = max(-9, iinfo(dtype).min)
        start, end = least if low is None else low, 10 if high is None else high
        made = _C.randint(int(start), int(end), wide, device=device).to(dtype)
    if noncontiguous and size:
        made = made[..., ::2]
    if exclude_zero:
        made = made.masked_fill(made == 0, 1 if not dtype.is_floating_point else 2.0**-14)
    if memory_format is not None:
        made = made.contiguous(memory_format=memory_format)
    return made.requires_grad_(requires_grad)

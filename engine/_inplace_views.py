"""Methods that change the shape of a tensor, or its diagonal, in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._tensor import method


def _in_place(name: str, view: Callable[..., Tensor]) -> None:
    """The in-place form of a view op: self takes the shape and strides of the view."""

    def change(self: Tensor, *args: Any, **options: Any) -> Tensor:
        if self.requires_grad:
            raise NotImplementedError(
                f"{name}: not implemented yet for tensors that require a gradient; "
                f"use {name.rstrip('_')}()"
            )
        _C._set_data(self, view(self, *args, **options))
        return self

    change.__name__ = change.__qualname__ = name
    change.__doc__ = f"Self as ``{name.rstrip('_')}`` shows it, in place."
    method(change)


_VIEWS: dict[str, Callable[..., Tensor]] = {
    "squeeze_": _C.squeeze,
    "unsqueeze_": _C.unsqueeze,
    "t_": _C.t,
    "transpose_": _C.transpose,
    "swapaxes_": _C.swapaxes,
    "swapdims_": _C.swapdims,
    "as_strided_": _C.as_strided,
}
for _name, _view in _VIEWS.items():
    _in_place(_name, _view)


@method
def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Writes ``fill_value`` to the elements whose indices are all equal.

    With ``wrap`` the diagonal of a tall matrix starts over below the square part, after a row.
    Raises RuntimeError below two dimensions, and above them where the sizes differ.

    >>> import engine
    >>> engine.zeros(2, 2).fill_diagonal_(1)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if self.ndim < 2:
        raise RuntimeError(f"fill_diagonal_: expected 2 dimensions or more, got {self.ndim}")
    if self.ndim > 2 and len(set(self.shape)) > 1:
        raise RuntimeError(
            f"fill_diagonal_: expected equal sizes above 2 dimensions, got {tuple(self.shape)}"
        )
    _diagonal(self).fill_(fill_value)
    if wrap and self.ndim == 2 and self.shape[0] > self.shape[1] + 1:
        self[self.shape[1] + 1 :].fill_diagonal_(fill_value, wrap=True)
    return self


def _diagonal(self: Tensor) -> Tensor:
    length: int = min(self.shape)
    steps: Sequence[int] = self.stride()
    return self.as_strided((length,), (sum(steps),), self.storage_offset())

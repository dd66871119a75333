"""Copying and pickling tensors. Importing this module adds the methods to Tensor."""

from __future__ import annotations

from typing import Any, SupportsIndex

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine._tensor import NOT_IN_NUMPY, method


def _rebuild(array: np.ndarray, dtype: _C.dtype, requires_grad: bool) -> Tensor:
    return _C.from_numpy(array).to(dtype).requires_grad_(requires_grad)


@method
def __reduce_ex__(self: Tensor, protocol: SupportsIndex) -> tuple[Any, ...]:
    plain = self.detach().cpu()
    array = (plain.float() if self.dtype in NOT_IN_NUMPY else plain).numpy()
    return _rebuild, (np.array(array), self.dtype, self.requires_grad and self.is_leaf)


@method
def __copy__(self: Tensor) -> Tensor:
    return _C._make_subclass(self.__class__, self.detach(), self.requires_grad)


@method
def __deepcopy__(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise RuntimeError(
            "deepcopy: only leaf tensors can be copied; detach() the result of an op first"
        )
    if id(self) not in memo:
        made = self.detach().clone()
        made.requires_grad = self.requires_grad
        if self.grad is not None:
            made.grad = self.grad.__deepcopy__(memo)
        memo[id(self)] = made
    return memo[id(self)]

"""Runs a case in one framework and converts its outcome for comparison."""

from __future__ import annotations

import functools
import operator
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .case import Case, DType, TensorArg

# PyTorch's functions of another, or no public, name
COUNTERPARTS = {
    **{name: f"ops.aten.{name}" for name in ("alias", "slice", "hardsigmoid_", "hardswish_",
                                             "mish_", "silu_")},
    "linalg_vector_norm": "linalg.vector_norm",
}  # fmt: skip
# names in torch that are not public; the public ones are in nn.functional
OTHERS = frozenset(
    ("adaptive_max_pool1d", "batch_norm", "binary_cross_entropy_with_logits", "embedding",
     "instance_norm", "kl_div")
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """A tensor of an answer."""

    dtype: str
    shape: tuple[int, ...]
    values: np.ndarray
    requires_grad: bool


@dataclass
class Outcome:
    """The outcome of a call: an error or an answer, the arguments afterwards, and the gradients."""

    error: str = ""
    answer: Any = None  # Results in lists and tuples; other values unchanged
    arguments: list[Result] = field(default_factory=list)
    gradient_error: str = ""
    gradients: list[Result | None] = field(default_factory=list)

    def results(self) -> list[Result]:
        return _flat(self.answer, Result)


def _flat(value: Any, kind: type) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [x for item in value for x in _flat(item, kind)]
    return [value] if isinstance(value, kind) else []


def run(lib: Any, function: Any, case: Case) -> Outcome:
    given: list[Any] = []

    def build(value: Any) -> Any:
        if isinstance(value, TensorArg):
            given.append(value.build(lib))
            return given[-1]
        if isinstance(value, DType):
            return getattr(lib, value.name)
        if isinstance(value, (list, tuple)):
            return type(value)(build(item) for item in value)
        return value

    args = [build(a) for a in case.args]
    kwargs = {k: build(a) for k, a in case.kwargs.items()}
    if writes(case) and args and getattr(args[0], "requires_grad", False):
        args[0] = args[0].clone()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answer = function(*args, **kwargs)
            outcome = Outcome(answer=_result(lib, answer))
        except Exception as error:
            return Outcome(error=f"{type(error).__name__}: {error}")
        outcome.arguments = [_result(lib, t) for t in given]
        _differentiate(lib, answer, [t for t in given if t.requires_grad], outcome)
    return outcome


def writes(case: Case) -> bool:
    name = case.name
    in_place = name.endswith("_") and not name.endswith("__")
    return in_place or name == "__setitem__" or case.kwargs.get("inplace") is True


def _result(lib: Any, value: Any) -> Any:
    if isinstance(value, lib.Tensor):
        plain = value.detach()
        if plain.layout != lib.strided:  # a gradient of embedding(sparse=True)
            plain = plain.to_dense()
        wide = plain.double() if plain.dtype.is_floating_point else plain
        dtype = str(value.dtype).rpartition(".")[2]
        array = np.array(wide.numpy(force=True))
        return Result(dtype, tuple(value.shape), array, value.requires_grad)
    if isinstance(value, (lib.Size, list, tuple)):
        return [_result(lib, item) for item in value]
    if isinstance(value, lib.dtype):
        return str(value).rpartition(".")[2]
    return value


def cotangent(shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of a result: neighbours differ, and values are exact in every dtype."""
    return 0.5 + np.arange(int(np.prod(shape))).reshape(shape) % 7 / 4


def _differentiate(lib: Any, answer: Any, inputs: list[Any], outcome: Outcome) -> None:
    results = [t for t in _flat(answer, lib.Tensor) if t.requires_grad]
    if not results or not inputs:
        return
    sent = [lib.from_numpy(np.array(cotangent(tuple(t.shape)))).to(t.dtype) for t in results]
    try:
        found = lib.autograd.grad(results, inputs, sent, allow_unused=True)
    except Exception as error:
        outcome.gradient_error = f"{type(error).__name__}: {error}"
        return
    outcome.gradients = [None if g is None else _result(lib, g) for g in found]


@functools.cache
def pair(target: str) -> tuple[Any, Any]:
    """The engine's and PyTorch's function of that name."""
    import engine

    return _find(engine, target), their_function(target)


def _find(lib: Any, path: str) -> Any:
    if path.startswith("operator."):
        return getattr(operator, path.removeprefix("operator."))
    return functools.reduce(getattr, path.split("."), lib)


def their_function(target: str) -> Any:
    import torch

    if target in OTHERS:
        return None
    try:
        return _find(torch, COUNTERPARTS.get(target, target))
    except AttributeError:
        return None

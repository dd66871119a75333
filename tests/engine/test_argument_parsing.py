"""Parsing of ops' arguments, and the errors of invalid ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine

X = engine.arange(6.0).view(2, 3)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: engine.exp("a"), r"exp: argument 'self': expected Tensor, got str"),
        (lambda: engine.add(X, "a"), r"add: argument 'other': expected Tensor or number, got str"),
        (lambda: X.transpose(0, "a"), r"transpose: argument 'dim1': expected int, got str"),
        (lambda: X.transpose(0), r"transpose: missing argument 'dim1'"),
        (
            lambda: X.transpose(0, 1, 2),
            r"transpose: expected at most 3 positional arguments, got 4",
        ),
        (lambda: X.transpose(0, 1, dim1=1), r"transpose: argument given twice: 'dim1'"),
        (lambda: X.transpose(0, 1, dim=1), r"transpose: unexpected keyword argument 'dim'"),
        (lambda: X.transpose(0, 1.5), r"transpose: argument 'dim1': expected int, got float"),
        (lambda: X.view("a"), r"view: argument 'shape': expected ints, got str"),
        (lambda: X.view([1, "a"]), r"view: argument 'shape': expected a list of ints, got list"),
        (
            lambda: engine.cat(X),
            r"cat: argument 'tensors': expected a list of tensors, got engine.Tensor",
        ),
        (
            lambda: engine.cat([X, 1]),
            r"cat: argument 'tensors': expected a list of tensors, got int",
        ),
        (
            lambda: engine.zeros(2, dtype="float"),
            r"zeros: argument 'dtype': expected dtype, got str",
        ),
        (
            lambda: engine.rand(2, generator=3),
            r"rand: argument 'generator': expected Generator, got int",
        ),
        (lambda: engine.softmax(X), r"softmax: missing argument 'dim'"),
    ],
)
def test_errors_name_the_op_the_argument_and_both_types(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_errors_list_the_overloads() -> None:
    with pytest.raises(TypeError) as raised:
        X.max(dim="a")
    text = str(raised.value)
    assert all(str(schema) in text for schema in engine.max.schemas) and len(engine.max.schemas) > 1


def test_errors_inside_an_op_carry_its_name_once() -> None:
    with pytest.raises(RuntimeError, match=r"^add: shapes \(2, 3\) and \(2,\) do not broadcast$"):
        X + engine.ones(2)
    with pytest.raises(IndexError, match=r"^select: index: 5 is out of range"):
        X.select(0, 5)


def test_integers_must_fit() -> None:
    with pytest.raises(ValueError, match="does not fit in 64 bits"):
        X.view(2**70)


@pytest.mark.parametrize(
    "call",
    [
        lambda: X.sum(1, True),
        lambda: X.sum(dim=1, keepdim=True),
        lambda: X.sum(axis=1, keepdims=True),
        lambda: engine.sum(input=X, dim=1, keepdim=True),
        lambda: engine.sum(X, dim=[1], keepdim=True),
        lambda: engine.sum(X, dim=(-1,), keepdim=True),
        lambda: engine.sum(X, np.int64(1), True),
        lambda: engine.Tensor.sum(X, engine.tensor(1), True),
    ],
)
def test_equivalent_calls(call: Callable[[], engine.Tensor]) -> None:
    assert call().tolist() == [[3.0], [12.0]]


def test_variadic_sizes() -> None:
    for size in [(3, 2), [3, 2], engine.Size([3, 2]), (np.int64(3), engine.tensor(2))]:
        assert X.view(size).shape == X.view(*size).shape == engine.zeros(*size).shape == (3, 2)
    assert X.view(-1).shape == (6,) and engine.zeros(()).shape == engine.ones([]).shape == ()
    assert X.permute(1, 0).shape == X.permute([1, 0]).shape == (3, 2)
    assert X.reshape(shape=(6,)).shape == (6,)


def test_numbers_of_all_kinds() -> None:
    for two in (2, 2.0, np.int8(2), np.float32(2), engine.tensor(2)):
        assert engine.mul(X, two)[1, 2] == 10
    assert engine.add(X, X, alpha=2).tolist() == (3 * X).tolist()
    assert engine.clamp(X, min=engine.tensor(4.0))[0, 0] == 4


def test_python_types_as_dtypes() -> None:
    made = [engine.zeros(1, dtype=t).dtype for t in (float, int, bool)]
    assert made == [engine.float64, engine.int64, engine.bool]


def test_functions_are_methods() -> None:
    assert engine.add is engine.Tensor.add and engine.add.__name__ == "add"
    assert repr(engine.add) == "<op add>" and "Operand self" in engine.add.__doc__


def test_named_results() -> None:
    found = X.max(1)
    assert found.values.tolist() == [2.0, 5.0] and found.indices.tolist() == [2, 2]
    values, indices = found
    assert values is found[0] and type(found).__name__ == "max" and indices.dtype == engine.int64

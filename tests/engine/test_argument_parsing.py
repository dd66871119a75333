"""Parsing of the arguments of ops and bound functions, and the errors of invalid ones."""

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
        (lambda: engine.manual_seed("x"), r"manual_seed: argument 'seed': expected int, got str"),
        (lambda: engine.manual_seed(), r"manual_seed: missing argument 'seed'"),
        (
            lambda: engine.manual_seed(1, 2),
            r"manual_seed: expected at most 1 positional argument, got 2",
        ),
        (
            lambda: engine.set_num_threads(1.5),
            r"set_num_threads: argument 'n': expected int, got float",
        ),
        (lambda: engine.device(3), r"device: argument 'device': expected device, got int"),
        (lambda: engine.device("cuda", "1"), r"device: argument 'index': expected int, got str"),
        (
            lambda: engine.Generator().manual_seed([1]),
            r"Generator.manual_seed: argument 'seed': expected int, got list",
        ),
        (
            lambda: engine.Generator.manual_seed(3, 4),
            r"Generator.manual_seed: argument 'self': expected Generator, got int",
        ),
        (
            lambda: engine.promote_types(engine.int8, "int"),
            r"promote_types: argument 'type2': expected dtype, got str",
        ),
        (
            lambda: engine.from_numpy([1]),
            r"from_numpy: argument 'array': expected ndarray, got list",
        ),
    ],
)
def test_errors_name_the_function_the_argument_and_both_types(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_bound_functions_have_schemas() -> None:
    (schema,) = engine.manual_seed.schemas
    assert str(schema) == "manual_seed(int seed) -> Generator" and schema.returns == "Generator"
    assert [str(s) for s in engine.device.__new__.schemas] == [  # type: ignore[attr-defined]
        "device(device device) -> device",
        "device.type(str type, int? index=None) -> device",
    ]
    assert engine.from_numpy.schemas[0].params[0].kind == "ndarray"
    assert repr(engine.Generator.get_state) == "<function Generator.get_state>"


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

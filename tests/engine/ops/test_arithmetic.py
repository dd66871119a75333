"""Arithmetic beyond the rows: promotion, edge cases, errors, the order of operands."""

from __future__ import annotations

import math
import operator
from typing import Any

import pytest

import engine

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    "op",
    [
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.pow,
    ],
)
@pytest.mark.parametrize("number", [2, 2.5])
def test_numbers_on_either_side(op: Any, number: float) -> None:
    x = engine.tensor([1.0, 2.0, 4.0], dtype=engine.float64)
    assert op(x, number).tolist() == pytest.approx([op(v, number) for v in x.tolist()])
    assert op(number, x).tolist() == pytest.approx([op(number, v) for v in x.tolist()])


@pytest.mark.parametrize(
    "make, dtype",
    [
        (lambda: engine.tensor([1]) + 1, engine.int64),
        (lambda: engine.tensor([1]) + 1.5, engine.float32),
        (lambda: engine.tensor([1]) / 2, engine.float32),
        (lambda: engine.tensor([1.0], dtype=engine.float16) + 1e-3, engine.float16),
        (
            lambda: (
                engine.tensor([1.0], dtype=engine.float16)
                + engine.tensor(1.0, dtype=engine.float64)
            ),
            engine.float16,
        ),
        (lambda: engine.tensor([1], dtype=engine.int8) + engine.tensor(1), engine.int8),
        (
            lambda: engine.tensor([1], dtype=engine.int8) + engine.tensor([1], dtype=engine.uint8),
            engine.int16,
        ),
        (lambda: engine.tensor([True]) + 1, engine.int64),
        (lambda: engine.tensor([True]) + True, engine.bool),
        (lambda: engine.tensor([1.0]) == 1, engine.bool),
        (lambda: engine.where(engine.tensor([True]), 1, 2.0), engine.float32),
    ],
)
def test_promotion(make: Any, dtype: engine.dtype) -> None:
    assert make().dtype == dtype


@pytest.mark.parametrize("op", [operator.floordiv, operator.mod, engine.fmod])
def test_integers_divided_by_zero_are_an_error(op: Any) -> None:
    for divisor in (0, engine.tensor([1, 0, 3])):
        with pytest.raises(RuntimeError, match="integer division by zero"):
            op(engine.tensor([1, 2, 3]), divisor)


@pytest.mark.parametrize("dtype", [engine.int8, engine.int32, engine.int64])
def test_lowest_integer_by_minus_one(dtype: engine.dtype) -> None:
    lowest = -(2 ** (8 * dtype.itemsize - 1))
    x = engine.tensor([lowest], dtype=dtype)
    assert (x // -1).tolist() == [lowest] and (x % -1).tolist() == [0]
    assert engine.div(x, -1, rounding_mode="trunc").tolist() == [lowest]


def test_floor_division_of_floats_by_zero_and_infinity() -> None:
    x = engine.tensor([1.0, -1.0, 0.0])
    assert (x // 0)[:2].tolist() == [INF, -INF] and math.isnan((x // 0)[2].item())
    assert (x // INF).tolist() == [0, -1, 0]
    assert (x % -INF).tolist() == [-INF, -1, 0]


def test_integer_powers_are_exact() -> None:
    assert (engine.tensor([3, -3]) ** 39).tolist() == [3**39, -(3**39)]
    assert (engine.tensor([1, -1, 2]) ** engine.tensor([-3, -3, -3])).tolist() == [1, -1, 0]
    with pytest.raises(RuntimeError, match="exponent"):
        engine.tensor([2]) ** -1


@pytest.mark.parametrize(
    "exponent, slopes",
    [(0, [0, 0]), (1, [1, 1]), (2, [0, 4]), (3, [0, 12]), (0.5, [INF, 0.5 / math.sqrt(2)])],
)
def test_gradient_of_pow_at_zero(exponent: float, slopes: list[float]) -> None:
    for given in (exponent, engine.tensor(float(exponent))):
        x = engine.tensor([0.0, 2.0], requires_grad=True)
        (x**given).sum().backward()
        assert x.grad.tolist() == pytest.approx(slopes)


def test_gradient_of_the_exponent_at_base_zero() -> None:
    y = engine.tensor([0.0, 2.0], requires_grad=True)
    (engine.zeros(2) ** y).sum().backward()
    assert y.grad.tolist() == [0, 0]
    (0**y).sum().backward()
    assert y.grad.tolist() == [0, 0]


def test_nan_wins_in_maximum_and_loses_in_fmax() -> None:
    x, y = engine.tensor([NAN, 1.0, NAN]), engine.tensor([1.0, NAN, NAN])
    assert all(engine.isnan(engine.maximum(x, y)).tolist())
    assert engine.fmax(x, y)[:2].tolist() == [1, 1]
    assert all(engine.isnan(engine.clamp(x[:1], 0, 1)).tolist())


def test_equal_elements_share_the_gradient_of_maximum() -> None:
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    engine.maximum(x, engine.tensor([1.0, 1.0])).sum().backward()
    assert x.grad.tolist() == [0.5, 1]


def test_clamp_passes_the_gradient_at_its_ends() -> None:
    x = engine.tensor([-1.0, 0.0, 0.5, 1.0, 2.0], requires_grad=True)
    x.clamp(0, 1).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0]


def test_hardtanh_stops_the_gradient_at_its_ends() -> None:
    x = engine.tensor([-1.0, 0.0, 0.5, 6.0, 7.0], requires_grad=True)
    engine.hardtanh(x, 0, 6).sum().backward()
    assert x.grad.tolist() == [0, 0, 1, 0, 0]


def test_comparison_with_a_number_that_16_bits_round() -> None:
    assert (engine.tensor([0.1], dtype=engine.float16) == 0.1).tolist() == [True]
    assert (engine.tensor([0.1], dtype=engine.bfloat16) == 0.1).tolist() == [True]


@pytest.mark.parametrize("op", ["silu_", "mish_", "hardswish_", "square_", "sin_"])
def test_in_place_where_the_gradient_reads_the_old_values(op: str) -> None:
    x = engine.linspace(-4, 4, 9, requires_grad=True)
    getattr(x * 1, op)().sum().backward()
    written = x.grad
    x.grad = None
    getattr(x, op[:-1])().sum().backward()
    assert engine.equal(written, x.grad)


def test_other_that_shares_memory_with_what_is_written() -> None:
    x = engine.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y.mul_(y[:1])
    with pytest.raises(RuntimeError, match="overwritten"):
        y.sum().backward()


def test_alpha_of_integers_must_be_one() -> None:
    assert engine.add(engine.tensor([1]), 2, alpha=3).tolist() == [7]
    with pytest.raises(TypeError, match="alpha"):
        engine.add(engine.tensor([1]), 2, alpha=0.5)


def test_where_wants_a_bool_condition() -> None:
    with pytest.raises(TypeError, match="condition: expected dtype bool"):
        engine.where(engine.tensor([1, 0]), 1, 0)


def test_a_number_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="expected Tensor"):
        engine.add_(1, engine.tensor([1.0]))


def test_numbers_alone_give_the_default_dtype() -> None:
    assert engine.mul(0.5, 3).dtype == engine.div(1, 2).dtype == engine.float32
    assert engine.add(1, 2).dtype == engine.int64


@pytest.mark.parametrize("dtype", [engine.float32, engine.float64, engine.float16, engine.bfloat16])
def test_negation_keeps_the_sign_of_zero(dtype: engine.dtype) -> None:
    x = -engine.tensor([0.0, -0.0, 1.0], dtype=dtype)
    assert x.signbit().tolist() == [True, False, True]
    assert (1 / x)[:2].tolist() == [-float("inf"), float("inf")]

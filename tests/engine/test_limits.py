"""Impossible sizes, indices and numbers raise errors and never access memory out of bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine

F = engine.nn.functional
HUGE = 2**62
X = engine.zeros(3)
IMAGE = engine.zeros(1, 1, 4, 4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: engine.zeros(HUGE, 4),
        lambda: engine.zeros(1).expand(HUGE, 4),
        lambda: X.as_strided((2,), (-1,), 2),
        lambda: engine.combinations(engine.arange(100), 50),
        lambda: engine.combinations(engine.arange(10**6), 10**5, with_replacement=True),
        lambda: engine.bincount(engine.tensor([2**63 - 1])),
        lambda: engine.bincount(engine.tensor([1]), minlength=-1),
        lambda: X.diag_embed(-(2**63)),
        lambda: engine.zeros(2, 2).diagonal(-(2**63)),
        lambda: F.interpolate(IMAGE, scale_factor=float("inf")),
        lambda: F.interpolate(IMAGE, scale_factor=float("nan")),
        lambda: X.as_strided((HUGE, 4), (0, 0)),
        lambda: engine.empty_strided((2, 3), (HUGE, HUGE)),
        lambda: X.reshape(HUGE, 4),
        lambda: X.repeat(HUGE),
        lambda: X.repeat_interleave(HUGE),
        lambda: X.repeat_interleave(engine.full((3,), HUGE)),
        lambda: engine.zeros(4).repeat_interleave(engine.full((4,), HUGE)),
        lambda: X.split([HUGE, HUGE, HUGE, HUGE, 3]),
        lambda: X.narrow(0, HUGE, HUGE),
        lambda: X.narrow(0, 1, 2**63 - 1),
        lambda: F.pad(X, (HUGE, HUGE)),
        lambda: F.conv2d(IMAGE, IMAGE, dilation=HUGE),
        lambda: F.conv2d(IMAGE, IMAGE, padding=HUGE),
        lambda: F.max_pool2d(IMAGE, 2, dilation=HUGE),
        lambda: F.unfold(IMAGE, 2, padding=HUGE),
        lambda: F.pixel_shuffle(IMAGE, 2**32),
        lambda: engine.bincount(engine.tensor([1, 2]), weights=engine.ones(1)),
        lambda: engine.histc(engine.tensor([1.0, float("inf")]), 4),
        lambda: engine.zeros(2, dtype=engine.int64, requires_grad=True),
        lambda: engine.arange(0, 1e18, 1e-5),
        lambda: engine.arange(-(2**63), 2**63 - 1),
        lambda: engine.zeros(*[1] * 65),
        lambda: engine.zeros(*[1] * 64)[None],
    ],
)
def test_refused(call: Callable[[], Any]) -> None:
    with pytest.raises((RuntimeError, ValueError, IndexError), match=r"\w+: "):
        call()


def test_many_parts_of_nothing() -> None:
    assert len(engine.zeros(0).chunk(1000)) == 1000
    assert sum(len(part) for part in X.tensor_split(10_000)) == 3


def test_as_many_dimensions_as_there_may_be() -> None:
    x = engine.zeros(*[1] * 64)
    assert (x + 1).sum(63).sum().item() == 1
    assert x.permute(*reversed(range(64))).std(correction=0).item() == 0


@pytest.mark.parametrize(
    "number, dtype",
    [
        (300, engine.uint8),
        (-129, engine.int8),
        (2**31, engine.int32),
        (float("nan"), engine.int64),
        (1e19, engine.int64),
        (float("inf"), engine.int16),
    ],
)
def test_numbers_that_do_not_fit(number: float, dtype: engine.dtype) -> None:
    with pytest.raises(RuntimeError, match=f"does not fit in {str(dtype)[7:]}"):
        engine.full((2,), number, dtype=dtype)
    x = engine.zeros(2, dtype=dtype)
    with pytest.raises(RuntimeError, match="does not fit"):
        x[0] = number


def test_numbers_that_fit() -> None:
    assert engine.full((1,), -1, dtype=engine.uint8).item() == 255
    assert engine.full((1,), -128.9, dtype=engine.int8).item() == -128
    assert engine.full((1,), 2**63 - 1).item() == 2**63 - 1
    assert np.isinf(engine.full((1,), 1e300).item())


def test_types_of_indices() -> None:
    for index, name in ((1.5, "float"), ("a", "str"), ({}, "dict")):
        with pytest.raises(TypeError, match=f"index: expected integers, slices.*got {name}"):
            X[index]


def test_the_overload_that_fits_best_says_what_is_wrong() -> None:
    with pytest.raises(TypeError, match="argument 'dim': expected int or a list of ints, got str"):
        X.sum("a")
    with pytest.raises(TypeError, match="expected at most"):
        X.sum(0, True, 1, 2)

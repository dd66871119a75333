"""The helpers that compare tensors and make random ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.testing import assert_allclose, assert_close, make_tensor

ONE = engine.tensor([1.0])


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (ONE, engine.tensor([1.0 + 1e-6])),
        (1.0, 1.0 + 1e-9),
        (3, 3),
        (np.ones(2), engine.ones(2, dtype=engine.float64)),
        ([ONE, (2, None)], (ONE, [2, None])),
        ({"a": ONE, "b": [1.5]}, {"b": [1.5], "a": ONE}),
        (ONE.half(), engine.tensor([1.001]).half()),
    ],
)
def test_equal_enough(actual: Any, expected: Any) -> None:
    assert_close(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected", "message"),
    [
        (ONE, ONE.double(), "dtype engine.float32 is not engine.float64"),
        (ONE, engine.ones(1, 1), r"shape \(1,\) is not \(1, 1\)"),
        (engine.tensor([1, 2]), engine.tensor([1, 3]), r"1 of 2 .* 2.0 and 3.0 at index \(1,\)"),
        (engine.tensor(2**60), engine.tensor(2**60 + 1), "1 of 1 elements"),
        (ONE / 0 * 0, ONE / 0 * 0, "differ by nan"),
        (1, 1.0, "types int and float differ"),
        ([1, 2], [1], "lengths 2 and 1 differ"),
        ({"a": 1}, {"b": 1}, r"keys \['a'\] and \['b'\] differ"),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}, r"^\['a'\]: \[1\]: 1 of 1|^\[1\]: 1 of 1"),
        (None, ONE, "None is not equal to a"),
    ],
)
def test_differences(actual: Any, expected: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_close(actual, expected)


def test_options() -> None:
    assert_close(ONE, ONE.double(), check_dtype=False)
    assert_close(ONE, ONE * 1.5, rtol=0.5, atol=0.0)
    assert_close(ONE * float("nan"), ONE * float("nan"), equal_nan=True)
    with pytest.raises(AssertionError, match=r"^wrong$"):
        assert_close(ONE, ONE * 2, msg="wrong")
    with pytest.raises(AssertionError, match=r"^see: 1 of 1"):
        assert_close(ONE, ONE * 2, msg=lambda text: "see: " + text)
    with pytest.raises(AssertionError, match="stride"):
        assert_close(engine.ones(2, 3), engine.ones(3, 2).T, check_stride=True)
    with pytest.raises(ValueError, match="rtol and atol go together, but atol is None"):
        assert_close(ONE, ONE, rtol=1.0)
    with pytest.raises(TypeError, match="cannot compare str and str"):
        assert_close("a", "a")
    assert_allclose(engine.tensor([1.0, 2.0]), [1.0, 2.0])
    assert_allclose(ONE * float("nan"), ONE * float("nan"))


def test_random_tensors() -> None:
    for dtype in (engine.float32, engine.bfloat16, engine.int64, engine.uint8, engine.bool):
        x = make_tensor((50, 4), dtype=dtype, device="cpu")
        assert x.shape == (50, 4) and x.dtype == dtype
    assert make_tensor(500, dtype=engine.int8, device="cpu", low=2, high=4).unique().tolist() == [
        2,
        3,
    ]
    gaps = make_tensor(3, 4, dtype=engine.float64, device="cpu", noncontiguous=True)
    assert not gaps.is_contiguous() and gaps.shape == (3, 4)
    ones = make_tensor(9, dtype=engine.int64, device="cpu", low=0, high=1, exclude_zero=True)
    assert ones.tolist() == [1] * 9
    assert make_tensor((2,), dtype=engine.float32, device="cpu", requires_grad=True).requires_grad

"""x[...] and x[...] = y, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import engine

ARRAY = np.arange(60).reshape(3, 4, 5)
MASK = ARRAY % 3 == 0
ROWS = np.array([2, 0])

INDICES = [
    np.s_[0],
    np.s_[-1],
    np.s_[1, 2],
    np.s_[1, 2, 3],
    np.s_[1:],
    np.s_[:-1, 1:3],
    np.s_[::2, ::3],
    np.s_[::-1],
    np.s_[5:, 0],
    np.s_[2:1],
    np.s_[-100:100],
    np.s_[...],
    np.s_[..., 0],
    np.s_[0, ...],
    np.s_[0, ..., 0],
    np.s_[1, 2, ..., 3],
    np.s_[None],
    np.s_[:, None, 1],
    np.s_[..., None],
    np.s_[None, ..., None, 0],
    np.s_[[0, 2]],
    np.s_[[0, -1, 0]],
    np.s_[:, [1, 3]],
    np.s_[[0, 1], [1, 2]],
    np.s_[ROWS],
    np.s_[..., ROWS],
    np.s_[:, ROWS, 0],
    np.s_[ROWS, :, ROWS],
    np.s_[ROWS[:, None], [0, 1, 2]],
    np.s_[:, ROWS[:, None], [0, 1, 2]],
    np.s_[ROWS, None, ROWS],
    np.s_[ROWS, ..., None],
    np.s_[::-1, ROWS, 1:],
    np.s_[MASK],
    np.s_[MASK[:, 0, 0]],
    np.s_[:, MASK[0]],
    np.s_[:, MASK[0, :, 0], 1],
    np.s_[MASK[:, :, 0]],
    np.s_[[True, False, True]],
    np.s_[True],
    np.s_[False],
    np.s_[[]],
    np.s_[np.array(1)],
    np.s_[np.int64(1), np.int8(2)],
    np.s_[ROWS.astype(np.int32)],
    np.s_[np.zeros((0, 2), int)],
    np.s_[()],
]


def tensors(index: Any) -> Any:
    """The same index with tensors instead of arrays."""
    if isinstance(index, tuple):
        return tuple(map(tensors, index))
    return engine.tensor(index) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_get(index: Any) -> None:
    x = engine.tensor(ARRAY)
    for given_index in (index, tensors(index)):
        got = x[given_index]
        assert tuple(got.shape) == ARRAY[index].shape
        np.testing.assert_array_equal(got.numpy(), ARRAY[index])


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_set(index: Any) -> None:
    shape = ARRAY[index].shape
    whole = -np.arange(int(np.prod(shape))).reshape(shape)
    values = (7, whole, whole[..., :1]) if shape else (7, whole)
    for value in values:
        wanted, x = ARRAY.copy(), engine.tensor(ARRAY)
        if str(index) == "[0, -1, 0]" and not np.isscalar(value):
            continue  # an index written twice
        wanted[index] = value
        x[tensors(index)] = value if np.isscalar(value) else engine.tensor(value)
        np.testing.assert_array_equal(x.numpy(), wanted)


def test_views_and_copies() -> None:
    x = engine.zeros(3, 4)
    assert x[1:, None]._base is x and x[engine.tensor(1)]._base is x and x[...]._base is x
    assert x[[0, 1]]._base is None and x[x == 0]._base is None
    x[1:][0, ::2] = 5
    assert x[1].tolist() == [5, 0, 5, 0]
    x[[0, 2]] += 1
    assert x[:, 1].tolist() == [1, 0, 1]


def test_integers_are_views_first() -> None:
    # PyTorch's rule; in NumPy an integer is an index array, and 0 and ROWS are not neighbours.
    assert engine.tensor(ARRAY)[0, :, engine.tensor(ROWS)].shape == (4, 2)


def test_set_converts_the_value() -> None:
    x = engine.zeros(2, dtype=engine.int64)
    x[0] = 1.9
    x[1] = engine.tensor(2.9)
    assert x.tolist() == [1, 2]
    x[[True, False]] = 3.9
    x[1:] = [7]
    assert x.tolist() == [3, 7]
    y = engine.zeros(2, 2)
    y[0] = np.array([1, 2])
    y[1] = np.float64(0.5)
    assert y.tolist() == [[1, 2], [0.5, 0.5]]


@pytest.mark.parametrize(
    "index, error, message",
    [
        (3, IndexError, "index: 3 is out of range for dimension 0 of size 3"),
        (-4, IndexError, "-4 is out of range"),
        ((0, 0, 0, 0), IndexError, "too many indices: got 4"),
        ((..., 0, ...), IndexError, "may come once"),
        ([0, 3], IndexError, "index 3 is out of range for dimension 0 of size 3"),
        (([0, 1], [0, 1, 2]), RuntimeError, "do not broadcast"),
        (np.ones((3, 3), bool), IndexError, r"a mask of shape \(3, 3\) does not fit"),
        ([0.5], IndexError, "expected integers or bools, got float32"),
        (1.0, TypeError, "integer"),
        ("a", TypeError, "integers"),
        (slice(None, None, 0), ValueError, "step"),
    ],
    ids=str,
)
def test_errors(index: Any, error: type[Exception], message: str) -> None:
    x = engine.tensor(ARRAY)
    with pytest.raises(error, match=message):
        x[index]
    with pytest.raises(error, match=message):
        x[index] = 0


def test_leading_sizes_of_one_are_dropped() -> None:
    x = engine.zeros(3, 2)
    x[0] = engine.ones(1, 1, 2)
    x[[1, 2]] = engine.ones(1, 2, 2)
    assert x.sum() == 6


def test_set_errors() -> None:
    x = engine.zeros(2, 3)
    with pytest.raises(RuntimeError, match=r"copy_: .*\(3,\) and \(2,\) do not broadcast"):
        x[0] = engine.zeros(2)
    with pytest.raises(RuntimeError, match="broadcast"):
        x[[0, 1]] = engine.zeros(2)
    with pytest.raises(TypeError, match="can't be deleted"):
        del x[0]
    with pytest.raises(IndexError, match="0-d"):
        engine.tensor(1)[0]


def items(size: int) -> st.SearchStrategy[Any]:
    """An index of one dimension."""
    bound = st.none() | st.integers(-size - 2, size + 2)
    steps = st.none() | st.integers(-3, 3).filter(bool)
    return st.one_of(
        st.integers(-size, size - 1),
        st.builds(slice, bound, bound, steps),
        st.lists(st.integers(-size, size - 1), min_size=2, max_size=2).map(np.array),
        st.lists(st.booleans(), min_size=size, max_size=size).map(
            lambda chosen: np.array([*chosen[:-1], True])[:size]
        ),
    )


@st.composite
def arrays_and_indices(draw: st.DrawFn) -> tuple[np.ndarray, Any]:
    shape = draw(st.lists(st.integers(2, 4), min_size=1, max_size=4))
    used = draw(st.integers(0, len(shape)))
    index = [draw(items(size)) for size in shape[:used]]
    masks = [i for i in index if isinstance(i, np.ndarray) and i.dtype == bool]
    if len(masks) != 0 and len([i for i in index if isinstance(i, np.ndarray)]) > 1:
        index = [
            np.nonzero(i)[0][:1] if isinstance(i, np.ndarray) and i.dtype == bool else i
            for i in index
        ]
    if any(isinstance(i, np.ndarray) for i in index):  # see test_integers_are_views_first
        index = [slice(i, None) if isinstance(i, int) else i for i in index]
    for extra in draw(st.lists(st.sampled_from([None, Ellipsis]), max_size=2, unique=True)):
        at = len(index) if extra is Ellipsis else draw(st.integers(0, len(index)))
        index.insert(at, extra)
    return np.arange(np.prod(shape)).reshape(shape), tuple(index)


@given(arrays_and_indices())
def test_any_index(case: tuple[np.ndarray, Any]) -> None:
    array, index = case
    x = engine.tensor(array)
    np.testing.assert_array_equal(x[tensors(index)].numpy(), array[index])
    array[index] = -1
    x[tensors(index)] = -1
    np.testing.assert_array_equal(x.numpy(), array)

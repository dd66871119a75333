"""Index tensors with NumPy's placement of dimensions, indices out of range, views, layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine

ROWS = np.array([[1, -1], [0, 2]])
COLUMNS = np.array([[0, 2], [-2, 1]])


@pytest.mark.parametrize(
    "index",
    [
        (ROWS,),
        (slice(None), ROWS),
        (ROWS, COLUMNS),
        (ROWS, slice(None), COLUMNS),
        (slice(None), ROWS, COLUMNS),
        (..., ROWS),
        (ROWS, None, COLUMNS),
        (0, ROWS, COLUMNS),
        (ROWS, 1, COLUMNS),
        (slice(1, 3), ROWS, slice(None, None, 2)),
        (ROWS[:, :1], COLUMNS[0]),
        (np.array([True, False, True, True]), slice(None), 1),
    ],
    ids=str,
)
def test_index_tensors_as_in_numpy(index: tuple[Any, ...]) -> None:
    x = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    tensors = tuple(engine.from_numpy(i.copy()) if isinstance(i, np.ndarray) else i for i in index)
    assert engine.from_numpy(x.copy())[tensors].tolist() == x[index].tolist()
    transposed = engine.from_numpy(x.transpose(2, 1, 0).copy()).permute(2, 1, 0)
    assert transposed[tensors].tolist() == x[index].tolist()
    written, expected = engine.from_numpy(x.copy()), x.copy()
    written[tensors] = -1
    expected[index] = -1
    assert written.tolist() == expected.tolist()


def test_masks() -> None:
    x = engine.arange(6).view(2, 3)
    assert x[x > 2].tolist() == [3, 4, 5]
    x[x > 2] = 0
    assert x.tolist() == [[0, 1, 2], [0, 0, 0]]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x, i: x[i], "index 3 is out of range for dimension 0 of size 3"),
        (lambda x, i: x[:, i + 1], "index 4 is out of range for dimension 1 of size 4"),
        (
            lambda x, i: x.index_select(0, -i - 1),
            "index -4 is out of range for dimension 0 of size 3",
        ),
        (
            lambda x, i: x.gather(0, i.view(1, 1)),
            "index 3 is out of range for dimension 0 of size 3",
        ),
        (lambda x, i: engine.embedding(x, i), "index 3 is out of range for dimension 0 of size 3"),
        (
            lambda x, i: x.scatter(0, i.view(1, 1), 1.0),
            "index 3 is out of range for dimension 0 of size 3",
        ),
    ],
)
def test_out_of_range(call: Any, message: str) -> None:
    with pytest.raises(IndexError, match=message):
        call(engine.zeros(3, 4), engine.tensor([3]))


def test_masks_in_lists_of_indices() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    x, inner = engine.from_numpy(array), np.array([True, False, True])
    mask = engine.from_numpy(inner)
    assert np.array_equal(x.index([None, mask]).numpy(), array[:, inner])
    assert np.array_equal(
        x.index([engine.tensor([0]), mask, engine.tensor(1)]).numpy(), array[[0], inner, 1]
    )
    with pytest.raises(IndexError, match=r"mask of shape \(3,\) does not fit \(2, 3, 4\) from dim"):
        x.index([mask])


def test_parts_that_do_not_fit() -> None:
    x, mask = engine.zeros(2, 3), engine.tensor([True, False, True])
    with pytest.raises(RuntimeError, match="source: expected 4 elements"):
        x.masked_scatter(mask, engine.ones(3))
    with pytest.raises(RuntimeError, match=r"src: expected the shape of what it replaces, \(3,\)"):
        x.select_scatter(engine.ones(2), 0, 1)
    with pytest.raises(RuntimeError, match=r"source: expected shape \(1, 3\)"):
        x.index_reduce(0, engine.tensor([0]), engine.ones(2, 3), "mean")


def test_gradient_of_an_indexed_write_through_a_view() -> None:
    x = engine.ones(4, 3, requires_grad=True)
    v = engine.tensor([5.0, 7.0], requires_grad=True)
    y = x * 2
    y[:, 1:][engine.tensor([0, 2]), engine.tensor([1, 0])] = v
    (y * y).sum().backward()
    assert v.grad.tolist() == [10, 14]
    assert x.grad.tolist() == [[8, 8, 0], [8, 8, 8], [8, 0, 8], [8, 8, 8]]


def test_the_padding_row_gets_no_gradient() -> None:
    weight = engine.ones(3, 2, requires_grad=True)
    engine.embedding(weight, engine.tensor([[0, 1], [1, 2]]), padding_idx=-2).sum().backward()
    assert weight.grad.tolist() == [[1, 1], [0, 0], [1, 1]]


def test_as_strided() -> None:
    x = engine.arange(6, dtype=engine.float64).requires_grad_()
    windows = x.as_strided((4, 3), (1, 1))
    assert windows.tolist() == [[i, i + 1, i + 2] for i in range(4)]
    windows.sum().backward()
    assert x.grad.tolist() == [1, 2, 3, 3, 2, 1]
    assert engine.testing.gradcheck(
        lambda t: t.t().as_strided((2, 2), (1, 2), 1), [x.detach().view(2, 3).requires_grad_()]
    )
    with pytest.raises(RuntimeError, match="reach outside memory of 6 elements"):
        x.as_strided((4, 3), (1, 2))


def test_writes_through_overlapping_views_reach_the_base() -> None:
    x = engine.ones(2, 3, requires_grad=True)
    y = x * 1
    row, column = y[0], y.t()[1]
    row.mul_(3)
    column.add_(1)
    assert y.tolist() == [[3, 4, 3], [1, 2, 1]]
    (y * y).sum().backward()
    assert x.grad.tolist() == [[18, 24, 18], [2, 4, 2]]


def test_cat_takes_empty_vectors_and_mixed_types() -> None:
    assert engine.cat([engine.zeros(0), engine.ones(2, 3)], 1).shape == (2, 3)
    mixed = engine.cat([engine.tensor([1]), engine.tensor([0.5])])
    assert mixed.dtype == engine.float32 and mixed.tolist() == [1, 0.5]
    with pytest.raises(
        RuntimeError,
        match=r"tensors\[1\]: shape \(3, 2\) does not fit \(2, 3\) outside of dimension 0",
    ):
        engine.cat([engine.ones(2, 3), engine.ones(3, 2)])


def test_unused_parts_have_zero_gradients() -> None:
    x = engine.ones(5, requires_grad=True)
    x.split(2)[1].sum().backward()
    assert x.grad.tolist() == [0, 0, 1, 1, 0]
    x.grad = None
    x.unbind()[3].backward()
    assert x.grad.tolist() == [0, 0, 0, 1, 0]


M = engine.arange(12.0).reshape(3, 4)
LONG = engine.tensor([0, -1])


@pytest.mark.parametrize(
    "call",
    [
        lambda i: M.index_select(0, i),
        lambda i: M.gather(0, i[:, None]),
        lambda i: engine.take_along_dim(M, i),
        lambda i: M.scatter(0, i[:, None], 1.0),
        lambda i: M.scatter(0, i[:, None], engine.ones(2, 1)),
        lambda i: M.scatter_add(0, i[:, None], engine.ones(2, 1)),
        *(
            lambda i, how=how: M.scatter_reduce(0, i[:, None], engine.ones(2, 1), how)
            for how in ("sum", "prod", "mean", "amax", "amin")
        ),
        lambda i: M.index_add(0, i, engine.ones(2, 4)),
        lambda i: M.index_copy(0, i, engine.ones(2, 4)),
        lambda i: M.index_reduce(0, i, engine.ones(2, 4), "amax"),
        lambda i: engine.nn.functional.embedding(i, M),
        lambda i: engine.nn.functional.embedding(i, M.clone(), max_norm=1.0),
        lambda i: engine.nn.functional.embedding_bag(i[None], M),
        lambda i: engine.nn.functional.one_hot(i, 3),
    ],
)
def test_where_indices_do_not_count_from_the_end(call: Callable[[engine.Tensor], Any]) -> None:
    with pytest.raises(IndexError, match="index -1 is out of range for dimension"):
        call(LONG)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda i: M[i], [[0, 1, 2, 3], [8, 9, 10, 11]]),
        (lambda i: M.take(i), [0, 11]),
        (lambda i: engine.take_along_dim(M, i[:, None], 0), [[0, 1, 2, 3], [8, 9, 10, 11]]),
        (lambda i: M[0].index_fill(0, i, 7.0), [7, 1, 2, 7]),
        (lambda i: M[0].put(i, engine.tensor([5.0, 6.0])), [5, 1, 2, 6]),
        (lambda i: M[0].index_put((i,), engine.tensor(9.0)), [9, 1, 2, 9]),
    ],
)
def test_where_indices_count_from_the_end(
    call: Callable[[engine.Tensor], engine.Tensor], expected: list[float]
) -> None:
    assert call(LONG).tolist() == expected


@pytest.mark.parametrize("dtype", [engine.int8, engine.int16, engine.uint8])
@pytest.mark.parametrize(
    "call",
    [
        lambda i: M.index_select(0, i),
        lambda i: M.gather(0, i[:, None]),
        lambda i: M.scatter_add(0, i[:, None], engine.ones(2, 1)),
        lambda i: M.index_add(0, i, engine.ones(2, 4)),
        lambda i: M.take(i),
        lambda i: engine.nn.functional.embedding(i, M),
    ],
)
def test_indices_are_wide_integers(
    call: Callable[[engine.Tensor], Any], dtype: engine.dtype
) -> None:
    with pytest.raises((IndexError, RuntimeError), match=r"expected .*int64"):
        call(engine.tensor([0, 1], dtype=dtype))


def test_bytes_are_masks() -> None:
    mask = engine.tensor([1, 0, 2], dtype=engine.uint8)
    assert M[mask].tolist() == M[mask.bool()].tolist() == M.index([mask]).tolist()
    x = M.clone()
    x[mask] = 0.0
    assert x[:, 1].tolist() == [0, 5, 0]
    with pytest.raises(IndexError, match="expected int64 or int32"):
        M[engine.tensor([0], dtype=engine.int8)]


def test_an_index_of_a_tensor_without_dimensions() -> None:
    x = engine.tensor(5.0)
    assert x.gather(0, engine.tensor([0, 0])).tolist() == [5, 5]
    assert x.scatter_add(0, engine.tensor([0, 0]), engine.ones(2)).item() == 7
    assert M[0].gather(0, engine.tensor(2)).item() == 2


def test_elements_that_share_memory_are_not_written() -> None:
    """The result would depend on the order of the writes."""
    x = engine.arange(6.0)
    windows, strided, wide = x.unfold(0, 3, 1), x.as_strided((3, 3), (1, 1)), x.expand(2, 6)
    writes: list[Callable[[engine.Tensor], Any]] = [
        lambda view: view.add_(1),
        lambda view: view.copy_(engine.ones(view.shape)),
        lambda view: view.scatter_(0, engine.zeros(1, 2, dtype=engine.int64), 1.0),
        lambda view: view.index_put_((engine.tensor([0]),), engine.tensor(1.0)),
        lambda view: view.normal_(),
    ]
    for view in (windows, strided, wide, x.as_strided((2, 2), (2, 2))):
        for write in writes:
            with pytest.raises(RuntimeError, match="elements of this tensor share memory"):
                write(view)
        view.fill_(2.0)  # independent of the order
        view.zero_()
    for apart in (x.unfold(0, 2, 2), x.as_strided((3, 2), (1, 3))):
        apart.add_(1)
    y = engine.zeros(8)
    y.as_strided((3, 2), (2, 3)).add_(1)
    assert y.tolist() == [1, 0, 1, 1, 1, 1, 0, 1]


def test_accumulating_in_a_type_that_is_only_stored_is_refused() -> None:
    x = engine.zeros(3, 4, dtype=engine.uint64)
    with pytest.raises(NotImplementedError, match="not implemented for uint64"):
        x.index_put((engine.tensor([0, 0]),), x[:2], accumulate=True)

from __future__ import annotations

import numpy as np
import pytest

import engine


def test_frombuffer_shares_memory_and_refuses_what_does_not_fit() -> None:
    data = bytearray(b"abcdefgh")
    x = engine.frombuffer(data, dtype=engine.int16, count=2, offset=2)
    assert x.tolist() == np.frombuffer(data, np.int16, 2, 2).tolist()
    data[2:4] = b"\x01\x00"
    assert x[0] == 1
    assert engine.frombuffer(data, dtype=engine.bfloat16).shape == (4,)
    with pytest.raises(RuntimeError):
        engine.frombuffer(b"ab", dtype=engine.uint8).fill_(1)


@pytest.mark.parametrize(
    ("buffer", "options", "says"),
    [
        (bytearray(4), {"dtype": engine.int64}, "4 bytes are no multiple of the 8"),
        (bytearray(), {"dtype": engine.uint8}, "not empty"),
        (bytearray(4), {"dtype": engine.uint8, "count": 0}, "not empty"),
        (bytearray(4), {"dtype": engine.uint8, "offset": 4}, "expected 0 to 3, got 4"),
        (bytearray(4), {"dtype": engine.uint8, "offset": -1}, "expected 0 to 3, got -1"),
        (bytearray(4), {"dtype": engine.int16, "count": 3}, "exceed 4 bytes"),
        ([1], {"dtype": engine.uint8}, "got list"),
    ],
)
def test_frombuffer_names_what_is_wrong(
    buffer: object, options: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=f"frombuffer.*{says}"):
        engine.frombuffer(buffer, **options)


def test_result_type_follows_promotion() -> None:
    short, single = engine.ones(2, dtype=engine.int16), engine.tensor(1.0)
    assert engine.result_type(short, 1) == engine.int16
    assert engine.result_type(1.5, short) == engine.float32
    assert engine.result_type(short, engine.tensor(1)) == engine.int16
    assert engine.result_type(short, single) == engine.float32
    assert engine.result_type(engine.ones(2).half(), single.double()) == engine.float16
    assert engine.result_type(1, 2.5) == engine.float32
    assert engine.result_type(True, 2) == engine.int64
    assert engine.result_type(True, False) == engine.bool
    assert engine.result_type(engine.zeros(0), engine.ones(3)) == engine.float32


def test_meshgrid_takes_tensors_singly() -> None:
    a, b = engine.arange(2), engine.arange(3)
    for given in ((a, b), ([a, b],), ((a, b),)):
        rows, columns = engine.meshgrid(*given, indexing="ij")
        assert rows.tolist() == [[0, 0, 0], [1, 1, 1]] and columns[0].tolist() == [0, 1, 2]
    assert engine.meshgrid(a, b, indexing="xy")[0].shape == (3, 2)


def test_nonzero_as_tuple() -> None:
    x = engine.tensor([[0, 5], [6, 0]])
    rows, columns = x.nonzero(as_tuple=True)
    assert rows.tolist() == [0, 1] and columns.tolist() == [1, 0]
    assert engine.nonzero(x).shape == (2, 2)
    assert [i.tolist() for i in engine.nonzero(engine.tensor(3), as_tuple=True)] == [[0]]
    assert len(engine.zeros(0, 2, 3).nonzero(as_tuple=True)) == 3


def test_where_of_a_condition_alone_finds_its_indices() -> None:
    rows, columns = engine.where(engine.tensor([[0, 5], [6, 0]]))
    assert rows.tolist() == [0, 1] and columns.tolist() == [1, 0]
    mask, out = engine.tensor([True, False]), engine.empty(2)
    assert engine.where(condition=mask, input=engine.ones(2), other=2.0, out=out) is out
    assert out.tolist() == [1, 2]
    with pytest.raises(TypeError, match="where: missing argument 'other'"):
        engine.where(mask, 1.0)


def test_unravel_index_and_vander_are_numpys() -> None:
    flat = engine.tensor([[0, 7], [11, 3]])
    found = engine.unravel_index(flat, (3, 4))
    for ours, theirs in zip(found, np.unravel_index(flat.numpy(), (3, 4)), strict=True):
        assert ours.tolist() == theirs.tolist()
    with pytest.raises(ValueError, match="expected 0 to 11"):
        engine.unravel_index(engine.tensor([12]), (3, 4))
    with pytest.raises(TypeError, match="expected integers"):
        engine.unravel_index(engine.ones(1), 3)
    x = engine.tensor([1.0, 2.0, 3.0])
    for options in ({}, {"N": 2}, {"N": 4, "increasing": True}, {"N": 0}):
        np.testing.assert_array_equal(
            engine.vander(x, **options).numpy(), np.vander(x.numpy(), **options)
        )


def test_numpy_and_tensors_mix() -> None:
    x, array = engine.tensor([1.0, 2.0]), np.array([3.0, 5.0])
    assert isinstance(array * x, engine.Tensor) and (array * x).tolist() == [3, 10]
    assert (array - x).tolist() == [2, 3] and (array / x).tolist() == [3, 2.5]
    assert (np.float64(2) * x).tolist() == [2, 4] and (2**x).tolist() == [2, 4]
    assert (array > x).tolist() == [True, True]
    assert (np.eye(2, dtype=np.float32) @ x).tolist() == [1, 2]
    assert isinstance(np.sqrt(x), engine.Tensor) and np.exp2(x).tolist() == [2, 4]
    array += x.numpy()
    assert array.tolist() == [4, 7] and np.mean(x.numpy()) == 1.5


def test_factories_take_the_options_that_have_one_choice() -> None:
    for make in (engine.zeros, engine.ones, engine.rand, engine.empty):
        assert make(2, layout=engine.strided, pin_memory=False).layout == engine.strided
    assert engine.zeros_like(engine.ones(2), memory_format=engine.preserve_format).shape == (2,)
    x = engine.empty(1, 2, 3, 4, memory_format=engine.channels_last)
    assert x.stride() == (24, 1, 8, 2) and x.dim_order() == (0, 2, 3, 1)
    assert isinstance(engine.channels_last, engine.memory_format)
    assert isinstance(engine.strided, engine.layout) and repr(engine.strided) == "engine.strided"
    with pytest.raises(NotImplementedError, match=r"zeros.*layout: only strided"):
        engine.zeros(2, layout="sparse_coo")
    with pytest.raises(RuntimeError, match="pin_memory"):
        engine.zeros(2, pin_memory=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'layout'"):
        engine.add(1, 2, layout=engine.strided)


def test_sizes_stay_sizes() -> None:
    size = engine.ones(2, 3, 4).shape
    for made in (size[1:], size[:-1] + (5,), size * 2):
        assert isinstance(made, engine.Size)
    assert size[:-1] + (5,) == (2, 3, 5) and isinstance(size[0], int)
    assert (size + (1,)).numel() == 24
    with pytest.raises(TypeError):
        size + [1]


def test_a_sorter_orders_the_sequence_that_is_searched() -> None:
    sequence, order = engine.tensor([5.0, 9.0, 1.0]), engine.tensor([2, 0, 1])
    values = engine.tensor([0.0, 5.0, 10.0])
    assert engine.searchsorted(sequence, values, sorter=order).tolist() == [0, 1, 3]
    right = engine.searchsorted(sequence, values, side="right", sorter=order)
    assert right.tolist() == [0, 2, 3]
    with pytest.raises(RuntimeError, match=r"sorter: expected shape \(3,\), got \(2,\)"):
        engine.searchsorted(sequence, values, sorter=order[:2])


def test_several_tensors_and_splits_by_tensors() -> None:
    assert [t.shape for t in engine.atleast_1d([engine.tensor(1.0), engine.ones(2)])] == [
        (1,),
        (2,),
    ]
    assert engine.atleast_2d(engine.tensor(1.0)).shape == (1, 1)
    assert [t.shape for t in engine.atleast_3d(engine.ones(2), engine.ones(2, 3))][1] == (2, 3, 1)
    x = engine.arange(5)
    assert [p.tolist() for p in x.tensor_split(engine.tensor([1, 3]))] == [[0], [1, 2], [3, 4]]
    assert [len(p) for p in engine.tensor_split(x, engine.tensor(2))] == [3, 2]
    with pytest.raises(RuntimeError, match="a number or a vector"):
        x.tensor_split(engine.ones(1, 1))
    static = engine.nonzero_static(engine.tensor([[0, 1], [2, 0]]), size=3, fill_value=9)
    assert static.tolist() == [[0, 1], [1, 0], [9, 9]]
    assert engine.constant_pad_nd(engine.ones(2), (1, -1), 3.0).tolist() == [3.0, 1.0]

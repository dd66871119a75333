from __future__ import annotations

import numpy as np
import pytest

from hub.formats import DTYPES, Buffer, Storage
from hub.formats.buffer import aligned


def storage_of(nbytes: int) -> Storage:
    return Storage(np.arange(nbytes, dtype=np.uint8))


def test_views_share_their_storage_without_a_copy() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    whole = Buffer.from_numpy(array)
    column = Buffer("float32", (3,), (4,), whole.storage, offset=1)
    assert column.numpy().tolist() == [1, 5, 9]
    array[2, 1] = -1
    assert column.numpy().tolist() == [1, 5, -1]


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_has_its_width_in_numpy(name: str) -> None:
    dtype = DTYPES[name]
    assert np.dtype(dtype.numpy).itemsize == dtype.itemsize
    buffer = Buffer(name, (2,), (1,), storage_of(2 * dtype.itemsize))
    assert buffer.numpy().tobytes() == bytes(range(2 * dtype.itemsize))
    assert buffer.nbytes == 2 * dtype.itemsize


def test_numpy_is_read_only_where_the_memory_is() -> None:
    memory = np.zeros(8, np.uint8)
    memory.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        Buffer("float32", (2,), (1,), Storage(memory)).numpy()[0] = 1


def test_empty_and_single_element_views_ignore_their_strides() -> None:
    huge = 2**62
    assert Buffer("float64", (0, 3), (huge, huge), storage_of(0)).numpy().shape == (0, 3)
    assert Buffer("int16", (1, 2), (huge, 1), storage_of(4)).numpy().shape == (1, 2)
    assert Buffer("float32", (), (), storage_of(4)).numpy().shape == ()


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((3,), (1,), 0),
        ((2,), (1,), 1),
        ((2,), (2,), 0),
        ((2, 2), (1, 1), 0),
        ((0,), (1,), 3),
        ((), (), 2),
        ((-1,), (1,), 0),
        ((1,), (-1,), 0),
        ((1,), (1,), -1),
        ((2**63,), (0,), 0),
        ((2**40, 2**40), (0, 0), 0),
        ((0, 2**62, 2**62), (1, 1, 1), 0),
        ((2,), (2**62,), 0),
        ((1,), (1, 1), 0),
        ((1,) * 65, (1,) * 65, 0),
    ],
)
def test_views_that_leave_their_storage_are_refused(
    shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    with pytest.raises(ValueError, match=r"storage|overflow|range|dimensions|strides"):
        Buffer("float32", shape, strides, storage_of(8), offset)


def test_from_numpy_keeps_values_of_any_layout_and_byte_order() -> None:
    array = np.arange(6, dtype=">i4").reshape(2, 3)
    for view in (array, array.T, array[:, ::-1], array[1:], array[0, 0]):
        assert np.array_equal(Buffer.from_numpy(np.asarray(view)).numpy(), view)


def test_from_numpy_refuses_what_a_buffer_cannot_hold() -> None:
    with pytest.raises(ValueError, match="object"):
        Buffer.from_numpy(np.array([None], dtype=object))
    with pytest.raises(ValueError, match="bfloat16 is held as numpy uint16, got float32"):
        Buffer.from_numpy(np.zeros(1, np.float32), "bfloat16")
    with pytest.raises(ValueError, match="unknown dtype"):
        Buffer("float128", (1,), (1,), storage_of(16))


def test_reserved_storage_takes_its_memory_once() -> None:
    storage = Storage.reserve(4)
    with pytest.raises(ValueError, match="no memory yet"):
        _ = storage.memory
    with pytest.raises(ValueError, match="5 bytes for a storage of 4"):
        storage.attach(np.zeros(5, np.uint8))
    storage.attach(np.ones(4, np.uint8))
    assert storage.memory.tolist() == [1] * 4
    with pytest.raises(ValueError, match="already"):
        storage.attach(np.zeros(4, np.uint8))


def test_aligned_copies_only_what_is_not() -> None:
    memory = np.zeros(64, np.uint8)
    start = -memory.ctypes.data % 8
    assert aligned(memory[start : start + 8], 8).base is memory
    moved = aligned(memory[start + 1 : start + 9], 8)
    assert moved.ctypes.data % 8 == 0 and moved.base is None

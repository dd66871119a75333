"""Tensor: creation, dtypes, views, exchange of memory, conversion, printing."""

from __future__ import annotations

import copy
import operator
import pickle
from typing import Any

import numpy as np
import pytest

import engine
from engine import Tensor

NAMES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
]
DTYPES = {name: getattr(engine, name) for name in NAMES}
WITH_NUMPY = [name for name in NAMES if name != "bfloat16"]


# --- creation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (1, "int64", ()),
        (1.5, "float32", ()),
        (True, "bool", ()),
        ([], "float32", (0,)),
        ([[]], "float32", (1, 0)),
        ([1, True], "int64", (2,)),
        ([True, 1.5], "float32", (2,)),
        ((1, 2), "int64", (2,)),
        (range(3), "int64", (3,)),
        ([[1.0, 2.0], [3.0, 4.0]], "float32", (2, 2)),
        (np.float64(1), "float64", ()),
        ([np.int32(1)], "int32", (1,)),
        ([1, np.float64(2)], "float64", (2,)),
        ([np.zeros(2), np.ones(2)], "float64", (2, 2)),
        ([[1.5, 2.5], [np.float32(1), 2]], "float32", (2, 2)),
        ([engine.tensor(1.0, dtype=engine.float64)], "float64", (1,)),
        (np.zeros((2, 1), np.float16), "float16", (2, 1)),
    ],
)
def test_tensor_infers_dtype_and_shape(data: Any, dtype: str, shape: tuple[int, ...]) -> None:
    made = engine.tensor(data)
    assert (made.dtype, tuple(made.shape)) == (DTYPES[dtype], shape)
    np.testing.assert_array_equal(made.numpy(), np.array(data, made.numpy().dtype))


def test_tensor_copies_and_as_tensor_shares() -> None:
    array = np.zeros(2)
    copied, shared = engine.tensor(array), engine.as_tensor(array)
    array[0] = 1
    assert copied.tolist() == [0, 0] and shared.tolist() == [1, 0]
    assert engine.as_tensor(shared) is shared


def test_floats_keep_their_digits_on_the_way_to_a_wide_dtype() -> None:
    assert engine.tensor([0.1], dtype=engine.float64).item() == 0.1
    assert engine.as_tensor([0.1], dtype=engine.float64).item() == 0.1
    assert engine.tensor([16777217.0], dtype=engine.int64).item() == 16777217
    x = engine.zeros(1, dtype=engine.float64)
    x[:] = [0.1]
    assert x.item() == 0.1


@pytest.mark.parametrize(
    "data, error, message",
    [
        ("a", TypeError, "tensor: expected numbers"),
        (None, TypeError, "tensor: expected numbers"),
        (1j, TypeError, "tensor: expected numbers"),
        ([[1, 2], [3]], ValueError, "nested lists of equal lengths"),
        (2**70, ValueError, "does not fit in 64 bits"),
    ],
)
def test_tensor_errors(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        engine.tensor(data)


def test_creation_by_size() -> None:
    assert engine.zeros(2, 3).tolist() == [[0.0] * 3] * 2
    assert engine.ones((2,), dtype=engine.int8).dtype == engine.int8
    assert engine.full((2,), True).dtype == engine.bool and engine.full((), 2).dtype == engine.int64
    assert engine.arange(1, 5, 2).tolist() == [1, 3] and engine.arange(5.0).dtype == engine.float32
    assert engine.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert engine.empty(0, 3).numel() == 0
    assert engine.zeros(1, requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="non-negative sizes"):
        engine.zeros(2, -1)
    with pytest.raises(RuntimeError, match="overflows"):
        engine.empty(2**40, 2**40)


def test_tensors_like_others() -> None:
    x = engine.ones(2, dtype=engine.int8)
    assert engine.zeros_like(x).dtype == engine.int8
    assert engine.full_like(x, 3, dtype=engine.float64).tolist() == [3.0, 3.0]
    assert x.new_tensor([1.9]).tolist() == [1] and x.new_zeros(3).dtype == engine.int8


# --- dtypes -----------------------------------------------------------------------------------

# Rows and columns in the order of NAMES. b: bool, u: uint8, 1 2 4 8: int8 to int64, h t f d: float
CODES = dict(zip("bu1248htfd", NAMES, strict=True))
PROMOTION = """
b u 1 2 4 8 h t f d
u u 2 2 4 8 h t f d
1 2 1 2 4 8 h t f d
2 2 2 2 4 8 h t f d
4 4 4 4 4 8 h t f d
8 8 8 8 8 8 h t f d
h h h h h h h f f d
t t t t t t f t f d
f f f f f f f f f d
d d d d d d d d d d
"""
TABLE = [
    (left, right, CODES[code])
    for left, row in zip(NAMES, PROMOTION.strip().splitlines(), strict=True)
    for right, code in zip(NAMES, row.split(), strict=True)
]


@pytest.mark.parametrize("left, right, both", TABLE)
def test_promotion(left: str, right: str, both: str) -> None:
    a, b = engine.ones(2, dtype=DTYPES[left]), engine.ones(2, dtype=DTYPES[right])
    assert (a * b).dtype == DTYPES[both] == engine.promote_types(a.dtype, b.dtype)
    assert (a == b).dtype == engine.bool


@pytest.mark.parametrize("name", NAMES)
def test_promotion_with_numbers_and_0d_tensors(name: str) -> None:
    x, floating, integral = engine.ones(2, dtype=DTYPES[name]), "float" in name, "int" in name
    as_int = DTYPES[name] if floating or integral else engine.int64
    as_float = DTYPES[name] if floating else engine.float32
    assert (x * True).dtype == x.dtype
    assert (x * 2).dtype == (2 * x).dtype == as_int
    assert (x * 2.0).dtype == (2.0 * x).dtype == as_float
    assert (x * engine.tensor(2)).dtype == as_int
    wide = engine.tensor(2.0, dtype=engine.float64)
    assert (x * wide).dtype == (x.dtype if floating else engine.float64)
    assert (x / 2).dtype == as_float


def test_can_cast_by_category() -> None:
    assert engine.can_cast(engine.int64, engine.float16)
    assert not engine.can_cast(engine.float16, engine.int64)


@pytest.mark.parametrize("name", NAMES)
def test_dtype_objects(name: str) -> None:
    dtype = DTYPES[name]
    assert repr(dtype) == f"engine.{name}" and copy.deepcopy(dtype) is dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert engine.ones(1, dtype=dtype).element_size() == dtype.itemsize
    assert dtype.is_floating_point == ("float" in name)


def test_conversion() -> None:
    x = engine.tensor([-1.7, 2.5])
    assert x.to(engine.int64).tolist() == x.long().tolist() == [-1, 2]
    assert engine.tensor([-1, 300]).to(engine.uint8).tolist() == [255, 44]
    assert engine.tensor([0.0, float("nan")]).bool().tolist() == [False, True]
    assert x.to(engine.float32) is x and x.to("cpu") is x and x.to(x, copy=True) is not x
    assert (
        x.to("cpu", engine.float64).dtype
        == x.type_as(engine.zeros(1).double()).dtype
        == engine.float64
    )
    with pytest.raises(RuntimeError, match="device: cuda:0 is not available"):
        x.to("cuda:0")


# --- views ------------------------------------------------------------------------------------


def test_views_share_memory_and_know_their_strides() -> None:
    x = engine.zeros(2, 3, 4, dtype=engine.int64)
    cases = [
        (x, (12, 4, 1), 0),
        (x.transpose(0, 2), (1, 4, 12), 0),
        (x.permute(1, 2, 0), (4, 1, 12), 0),
        (x[1], (4, 1), 12),
        (x[:, 1:, ::2], (12, 4, 2), 4),
        (x[..., -1], (12, 4), 3),
        (x[:, None], (12, 12, 4, 1), 0),
        (x.view(6, 4), (4, 1), 0),
        (x[0, 0].expand(5, 4), (0, 1), 0),
        (x[:, ::-1], (12, -4, 1), 8),
    ]
    for view, strides, offset in cases:
        assert view.stride() == strides and view.storage_offset() == offset
        assert view.data_ptr() == x.data_ptr() + 8 * offset
    assert x.size() == x.shape == (2, 3, 4) and x.size(-1) == x.size(dim=2) == 4
    assert x.stride(0) == 12 and x[1].is_contiguous() and not x.mT.is_contiguous()
    x[0, 0, 0] = 99
    assert x.view(-1)[0] == 99 and x[1]._base is x


def test_negative_steps() -> None:
    array = np.arange(24).reshape(4, 6)
    x = engine.tensor(array)
    for index in [np.s_[::-1], np.s_[:, ::-2], np.s_[::-1, 4:1:-1], np.s_[-2::-1], np.s_[0:3:-1]]:
        np.testing.assert_array_equal(x[index].numpy(), array[index])
        np.testing.assert_array_equal((x[index] * 2).contiguous().numpy(), array[index] * 2)
    x[::-2, 0] = engine.tensor([7, 8])
    assert x[:, 0].tolist() == [0, 8, 12, 7]


def test_view_errors() -> None:
    x = engine.arange(6).view(2, 3)
    with pytest.raises(RuntimeError, match=r"view: shape: a tensor of shape \(2, 2\).*use reshape"):
        x[:, ::2].view(-1)
    with pytest.raises(RuntimeError, match=r"view: shape: \(4, -1\) does not hold 6 elements"):
        x.view(4, -1)
    with pytest.raises(RuntimeError, match="only one size can be -1"):
        x.view(-1, -1)
    with pytest.raises(RuntimeError, match="does not expand"):
        x.expand(2, 4)
    with pytest.raises(IndexError, match=r"expected a dimension in \[-2, 1\], got 2"):
        x.transpose(0, 2)
    with pytest.raises(IndexError, match="got 5"):
        x.size(5)
    assert x.t().reshape(-1).tolist() == [0, 3, 1, 4, 2, 5]


def test_writing_expanded_memory_is_refused() -> None:
    x = engine.ones(3).expand(2, 3)
    with pytest.raises(RuntimeError, match=r"add_: self: .*expand.*clone\(\)"):
        x += 1
    assert (x.clone() + 1).tolist() == [[2.0] * 3] * 2


def test_overlapping_reads_and_writes_use_the_values_before() -> None:
    x = engine.arange(5.0)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[:-1] += x[1:]
    assert x.tolist() == [0, 1, 3, 5, 3]
    y = engine.arange(4.0).view(2, 2)
    y.copy_(y.t())
    assert y.tolist() == [[0, 2], [1, 3]]


# --- exchange ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_NUMPY)
def test_numpy_shares_memory_both_ways(name: str) -> None:
    array = np.zeros((2, 3), name)
    x = engine.from_numpy(array)
    assert x.dtype == DTYPES[name] and x.data_ptr() == array.ctypes.data
    x[0, 1] = 1
    assert array[0, 1] == 1
    back = x.t().numpy()
    assert back.ctypes.data == array.ctypes.data and back.shape == (3, 2)
    back[2, 1] = 1
    assert x[1, 2].item() == 1
    assert engine.from_numpy(array[:, ::-1])[0].tolist() == array[0, ::-1].tolist()


def test_memory_outlives_its_owner() -> None:
    x = engine.from_numpy(np.arange(3))
    array = engine.arange(3).numpy()
    view = x[1:]
    del x
    assert view.tolist() == [1, 2] and array.tolist() == [0, 1, 2]


def test_array_protocol() -> None:
    x = engine.arange(3)
    assert np.asarray(x).ctypes.data == x.data_ptr() and np.array(x).ctypes.data != x.data_ptr()
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    product = x * np.ones(3)
    assert isinstance(product, Tensor) and product.tolist() == [0.0, 1.0, 2.0]
    assert (np.float64(2) * x.float()).dtype == engine.float32


def test_numpy_errors() -> None:
    with pytest.raises(RuntimeError, match=r"requires a gradient can't be shared; use .detach\(\)"):
        engine.ones(1, requires_grad=True).numpy()
    with pytest.raises(TypeError, match="NumPy has no bfloat16"):
        engine.ones(1, dtype=engine.bfloat16).numpy()
    assert engine.ones(1, requires_grad=True).numpy(force=True).tolist() == [1.0]
    for array in [np.array(["a"]), np.ones(1, np.complex64), np.ones(1, ">f4")]:
        with pytest.raises(TypeError, match="from_numpy"):
            engine.from_numpy(array)
    records = np.zeros(3, [("a", "i1"), ("b", "<f4")])
    with pytest.raises(ValueError, match="strides must be whole elements"):
        engine.from_numpy(records["b"])


def test_read_only_arrays_refuse_writes() -> None:
    array = np.ones(2)
    array.flags.writeable = False
    x = engine.from_numpy(array)
    for write in (lambda: x.add_(1), lambda: x[:1].zero_(), lambda: operator.setitem(x, 0, 2.0)):
        with pytest.raises(RuntimeError, match=r"read-only memory; clone\(\) it first"):
            write()
    assert x.clone().add_(1).tolist() == [2, 2] and not x.numpy().flags.writeable
    with pytest.raises(BufferError, match="read-only"):
        np.from_dlpack(x)


@pytest.mark.parametrize("name", WITH_NUMPY)
def test_dlpack_with_numpy(name: str) -> None:
    array = np.zeros((2, 3), name)
    x = engine.from_dlpack(array)
    assert x.data_ptr() == array.ctypes.data and x.dtype == DTYPES[name]
    back = np.from_dlpack(x.t())
    assert (
        back.ctypes.data == array.ctypes.data and back.shape == (3, 2) and back.dtype == array.dtype
    )
    x[0, 2] = 1
    assert back[2, 0] == 1


def test_dlpack_rules() -> None:
    with pytest.raises(BufferError, match="requires a gradient"):
        np.from_dlpack(engine.ones(1, requires_grad=True))
    capsule = engine.ones(2).__dlpack__()
    assert engine.from_dlpack(capsule).tolist() == [1, 1]
    with pytest.raises(TypeError, match="unused capsule"):
        engine.from_dlpack(capsule)
    assert engine.from_dlpack(engine.ones(2, dtype=engine.bfloat16)).dtype == engine.bfloat16


# --- copies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_pickle(name: str) -> None:
    x = engine.arange(6).view(2, 3).to(DTYPES[name])
    back = pickle.loads(pickle.dumps(x))
    assert back.dtype == x.dtype and back.tolist() == x.tolist()
    x.add_(1 if name != "bool" else True)
    assert back[0, 0] == 0


def test_pickle_keeps_requires_grad_and_small_types() -> None:
    assert pickle.loads(pickle.dumps(engine.ones(1, requires_grad=True))).requires_grad
    assert pickle.loads(pickle.dumps(engine.Size([2, 3]))) == (2, 3)
    for device in (engine.device("cpu"), engine.device("cuda", 1)):
        assert pickle.loads(pickle.dumps(device)) == device == copy.deepcopy(device)
    assert pickle.loads(pickle.dumps(engine.add)) is engine.add


def test_devices_are_equal_if_their_indices_are() -> None:
    device = engine.device
    assert device("cpu", 0) == device("cpu:0") != device("cpu") == device(device("cpu"))
    assert repr(device("cpu:0")) == "device(type='cpu', index=0)" and device("cuda").index is None
    for name in ("cpu", "cpu:0", "meta", "meta:1"):  # there is one of each
        assert engine.ones(1, device=name).device == device(name.partition(":")[0])


def test_deepcopy() -> None:
    x = engine.ones(2, 3, requires_grad=True)
    (x * 2).sum().backward()
    y, again = copy.deepcopy([x, x])
    assert y is again and y.requires_grad and y.is_leaf and y.data_ptr() != x.data_ptr()
    assert y.grad.tolist() == x.grad.tolist() and y.grad.data_ptr() != x.grad.data_ptr()
    assert copy.deepcopy(engine.ones(2, 3).t()).stride() == (1, 3)
    with pytest.raises(RuntimeError, match="only leaf tensors can be copied"):
        copy.deepcopy(x * 2)


def test_copy_shares_memory() -> None:
    x = engine.nn.Parameter(engine.ones(2))
    y = copy.copy(x)
    assert type(y) is engine.nn.Parameter and y is not x and y.data_ptr() == x.data_ptr()


# --- Python's protocols -----------------------------------------------------------------------


def test_equality_is_elementwise_and_hash_is_identity() -> None:
    x = engine.tensor([1, 2])
    assert (x == 1).tolist() == [True, False] and (x != 1).tolist() == [False, True]
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    assert {x: 1}[x] == 1 and hash(x) != hash(x.clone())
    assert 2 in x and 3 not in x
    assert engine.equal(x, engine.tensor([1, 2])) and not engine.equal(x, engine.ones(3))


def test_iteration() -> None:
    x = engine.tensor([[0, 1], [2, 3]])
    first, second = x
    assert first.tolist() == [0, 1] and second._base is x
    assert [r.tolist() for r in reversed(x)] == [[2, 3], [0, 1]] and len(x) == 2
    for use in (len, iter):
        with pytest.raises(TypeError, match="0-d tensor"):
            use(engine.tensor(1))


def test_truth() -> None:
    assert engine.tensor([[2.0]]) and not engine.tensor(0) and engine.tensor(float("nan"))
    for x in (engine.ones(2), engine.ones(0)):
        with pytest.raises(RuntimeError, match=r"ambiguous; use any\(\) or all\(\)"):
            bool(x)


def test_numbers_out_of_tensors() -> None:
    assert engine.tensor(3).item() == 3 and type(engine.tensor(3).item()) is int
    assert type(engine.tensor(3.5, dtype=engine.float16).item()) is float
    assert engine.tensor([[True]]).item() is True
    assert engine.tensor(2**62 + 1).item() == 2**62 + 1
    assert int(engine.tensor(3.7)) == 3 and float(engine.tensor([2])) == 2.0
    assert [1, 2, 3][engine.tensor(1)] == 2 and list(range(engine.tensor(2))) == [0, 1]
    assert f"{engine.tensor(2.5):.2f}" == "2.50" and engine.ones(1, 2).tolist() == [[1.0, 1.0]]
    with pytest.raises(
        RuntimeError, match=r"item: expected a tensor with one element, got shape \(2,\)"
    ):
        engine.ones(2).item()
    for number in (int, float):
        with pytest.raises(ValueError, match=rf"{number.__name__}: expected a tensor with one el"):
            number(engine.ones(2))
    for x in (engine.tensor(1.0), engine.arange(2)):
        with pytest.raises(TypeError, match="index"):
            operator.index(x)


BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
COMPARISONS = [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]


@pytest.mark.parametrize("operation", [*BINARY, *COMPARISONS], ids=lambda f: f.__name__)
def test_number_slots(operation: Any) -> None:
    array = np.array([1.5, 2.0, 3.0])
    x = engine.tensor(array)
    np.testing.assert_allclose(operation(x, 2).numpy(), operation(array, 2))
    np.testing.assert_allclose(operation(2, x).numpy(), operation(2, array))
    np.testing.assert_allclose(operation(x, x[:1]).numpy(), operation(array, array[:1]))


@pytest.mark.parametrize("operation", BITS, ids=lambda f: f.__name__)
def test_number_slots_of_integers(operation: Any) -> None:
    array = np.array([1, 2, 6])
    x = engine.tensor(array)
    assert operation(x, 2).tolist() == operation(array, 2).tolist()
    assert operation(2, x).tolist() == operation(2, array).tolist()
    assert (~x).tolist() == (~array).tolist() and abs(-x).tolist() == (
        +x
    ).tolist() == array.tolist()


IN_PLACE = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"]


@pytest.mark.parametrize("name", [*IN_PLACE, "iand", "ior", "ixor", "ilshift", "irshift"])
def test_in_place_slots_write_the_same_tensor(name: str) -> None:
    array = np.array([3.0, 5.0]) if name in IN_PLACE else np.array([3, 5])
    x = engine.tensor(array)
    alias = x
    assert getattr(operator, name)(x, 2) is alias
    assert alias.tolist() == getattr(operator, name)(array, 2).tolist()


def test_in_place_keeps_the_dtype_or_refuses() -> None:
    x = engine.ones(2)
    x += engine.ones(2, dtype=engine.float64)
    assert x.dtype == engine.float32
    ints = engine.ones(2, dtype=engine.int64)
    with pytest.raises(RuntimeError, match="float32 can't be stored in int64"):
        ints += 1.5
    with pytest.raises(
        RuntimeError, match=r"the result's shape \(3, 2\) must equal self's, got \(2,\)"
    ):
        x += engine.ones(3, 2)


@pytest.mark.parametrize("other", ["a", None, [1, 2], object()])
def test_operands_that_are_no_numbers(other: Any) -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        engine.ones(2) + other


def test_attributes() -> None:
    x = engine.ones(2, 3)
    x.note = "kept"
    assert x.note == "kept" and x.T.shape == (3, 2) and x.mT.shape == (3, 2)
    assert (x.ndim, x.numel(), x.nbytes, x.is_cuda, x.get_device()) == (2, 6, 24, False, -1)
    for use in (x.size, x.stride):
        with pytest.raises(TypeError):
            use("a")
    with pytest.raises(AttributeError):
        del x.requires_grad


# --- printing ---------------------------------------------------------------------------------

PRINTED = [
    (1.0, "tensor(1.)"),
    ([1.0, 2.5], "tensor([1.0000, 2.5000])"),
    ([1, 200], "tensor([  1, 200])"),
    ([True, False], "tensor([ True, False])"),
    ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
    ([1e10], "tensor([1.0000e+10])"),
    ([float("nan"), float("inf"), 1.0], "tensor([nan, inf, 1.])"),
    ([float("nan"), 1.5], "tensor([   nan, 1.5000])"),
    ([-1.5, 2.0], "tensor([-1.5000,  2.0000])"),
    ([[1, 2], [3, 4]], "tensor([[1, 2],\n        [3, 4]])"),
    ([[[1], [2]], [[3], [4]]], "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])"),
    ([], "tensor([])"),
]


@pytest.mark.parametrize("data, text", PRINTED)
def test_repr(data: Any, text: str) -> None:
    assert repr(engine.tensor(data)) == text


def test_repr_shows_unusual_properties() -> None:
    assert repr(engine.ones(1, dtype=engine.float64)) == "tensor([1.], dtype=float64)"
    assert repr(engine.ones(1, requires_grad=True)) == "tensor([1.], requires_grad=True)"
    assert repr(engine.ones(1, requires_grad=True) * 2) == "tensor([2.], grad_fn=<mul>)"
    assert repr(engine.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(engine.arange(2000)) == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    assert (
        repr(engine.Size([1, 2])) == "Size([1, 2])"
        and repr(engine.device("cpu")) == "device(type='cpu')"
    )


def test_numbers_format_and_arrays_refuse_a_format() -> None:
    number = engine.tensor(1.5, requires_grad=True)
    assert f"{number} {number:6.2f} {engine.tensor(4):03d} {engine.tensor(True)}" == (
        "1.5   1.50 004 True"
    )
    assert f"{number!r}" == "tensor(1.5000, requires_grad=True)"
    assert f"{engine.ones(1)}" == "tensor([1.])"
    assert f"{engine.nn.Parameter(engine.tensor(1.0))}".startswith("Parameter containing")
    assert f"{engine.empty((), device='meta')}" == "tensor(..., device='meta', size=())"
    for refused in (engine.ones(1), engine.empty((), device="meta")):
        with pytest.raises(TypeError, match="unsupported format string"):
            format(refused, ".2f")


def test_repr_wraps_long_rows() -> None:
    lines = repr(engine.arange(30)).splitlines()
    assert lines[0].endswith("17,") and lines[1].startswith("        18, 19")


def test_integers_that_do_not_fit() -> None:
    for value, dtype in ((300, engine.uint8), (-256, engine.uint8), (2**31, engine.int32)):
        with pytest.raises(ValueError, match=f"tensor: {value} does not fit in .*{dtype}"):
            engine.tensor([1, value], dtype=dtype)
    assert engine.tensor([255, -1], dtype=engine.uint8).tolist() == [255, 255]
    assert engine.tensor([], dtype=engine.uint8).tolist() == []
    assert engine.tensor(300, dtype=engine.float32).item() == 300
    assert engine.tensor([2, 0], dtype=engine.bool).tolist() == [True, False]

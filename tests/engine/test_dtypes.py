"""The table of dtypes: the promotion lattice, and storage-only types."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import engine

NAMES = [n for n, v in vars(engine).items() if isinstance(v, engine.dtype) and str(v).endswith(n)]
DTYPES = [getattr(engine, name) for name in NAMES]
FLOAT8 = {"float8_e4m3fn": (3, 7, 448.0), "float8_e5m2": (2, 15, 57344.0)}
WIDE_UNSIGNED = ["uint16", "uint32", "uint64"]


def promoted(a: engine.dtype, b: engine.dtype) -> engine.dtype | None:
    try:
        return engine.promote_types(a, b)
    except TypeError:
        return None


def test_promotion_is_a_lattice() -> None:
    for a, b in itertools.product(DTYPES, DTYPES):
        assert promoted(a, b) == promoted(b, a) and promoted(a, a) == a
    for a, b, c in itertools.product(DTYPES, DTYPES, DTYPES):
        left, right = promoted(a, b), promoted(b, c)
        if left is not None and right is not None:
            assert promoted(left, c) == promoted(a, right)


@pytest.mark.parametrize(
    "a, b, joined",
    [
        ("uint8", "int8", "int16"),
        ("uint8", "uint16", "uint16"),
        ("uint16", "int16", "int32"),
        ("uint32", "int8", "int64"),
        ("bool", "uint64", "uint64"),
        ("int64", "float8_e5m2", "float8_e5m2"),
        ("float8_e4m3fn", "float8_e5m2", None),
        ("float8_e4m3fn", "bfloat16", "bfloat16"),
        ("float16", "bfloat16", "float32"),
        ("uint64", "int64", None),
    ],
)
def test_promotion(a: str, b: str, joined: str | None) -> None:
    wanted = None if joined is None else getattr(engine, joined)
    assert promoted(getattr(engine, a), getattr(engine, b)) == wanted


def float8_values(mantissa: int, bias: int, largest: float) -> np.ndarray:
    """The values of the positive codes, up to the largest finite one."""
    codes = np.arange(128)
    exponent, fraction = codes >> mantissa, codes & ((1 << mantissa) - 1)
    normal = (1 + fraction / 2**mantissa) * 2.0 ** (exponent - bias)
    values = np.where(exponent == 0, fraction * 2.0 ** (1 - bias - mantissa), normal)
    return values[values <= largest]


@pytest.mark.parametrize("name", FLOAT8)
def test_float8(name: str) -> None:
    dtype, values = getattr(engine, name), float8_values(*FLOAT8[name])
    codes = engine.arange(len(values)).to(engine.uint8).view(dtype)
    assert codes.float().tolist() == values.tolist()
    assert engine.from_numpy(-values).to(dtype).double().tolist() == (-values).tolist()
    middle = (values[:-1] + values[1:]) / 2  # half to even
    even = values[np.arange(len(middle)) + np.arange(len(middle)) % 2]
    assert engine.from_numpy(middle).to(dtype).double().tolist() == even.tolist()
    for shift, wanted in ((0.999, values[:-1]), (1.001, values[1:])):
        moved = np.where(middle == 0, 0, middle * shift)
        assert engine.from_numpy(moved).to(dtype).double().tolist() == wanted.tolist()
    limits = engine.finfo(dtype)
    assert (limits.max, limits.min, limits.bits) == (values[-1], -values[-1], 8)
    beyond = engine.tensor([1e9, -1e9, float("inf"), float("nan")]).to(dtype).float()
    if name == "float8_e5m2":
        assert beyond[:3].tolist() == [np.inf, -np.inf, np.inf] and beyond[3].isnan()
    else:
        assert beyond[:3].tolist() == [448, -448, 448] and beyond[3].isnan()


@pytest.mark.parametrize("name", [*WIDE_UNSIGNED, *FLOAT8])
def test_stored_types(name: str, tmp_path: Path) -> None:
    dtype = getattr(engine, name)
    x = engine.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]] and x.t()[1].tolist() == [1, 4]
    assert engine.zeros(2, dtype=dtype).fill_(3).tolist() == [3, 3]
    assert engine.cat([x, x]).shape == (4, 3) and x.clone().dtype == dtype
    engine.save({"x": x}, tmp_path / "x.safetensors")
    back = engine.load(tmp_path / "x.safetensors")["x"]
    assert back.dtype == dtype and back.tolist() == x.tolist()
    assert name.removeprefix("engine.") in repr(x)


@pytest.mark.parametrize("name", WIDE_UNSIGNED)
def test_numpy_shares_unsigned_integers(name: str) -> None:
    array = np.array([0, np.iinfo(name).max], name)
    x = engine.from_numpy(array)
    assert x.dtype == getattr(engine, name) and x.numpy().dtype == name
    x[0] = 7
    assert array[0] == 7 and engine.iinfo(x.dtype).max == np.iinfo(name).max
    assert not x.dtype.is_signed and engine.from_dlpack(x).dtype == x.dtype


def test_arithmetic_by_way_of_a_wider_type() -> None:
    x = engine.tensor([65535, 2]).to(engine.uint16)
    assert (x + 1).tolist() == [0, 3] and (x + 1).dtype == engine.uint16
    assert (x > 60000).tolist() == [True, False]
    y = engine.tensor([1.5, 2.0]).to(engine.float8_e5m2)
    assert (y * 2).dtype == engine.float8_e5m2 and (y * 2).tolist() == [3.0, 4.0]


def test_kernels_refuse_what_they_do_not_calculate_in() -> None:
    with pytest.raises(NotImplementedError, match="uint64"):
        engine.tensor([1]).to(engine.uint64) + 1
    with pytest.raises(NotImplementedError, match="uint16"):
        engine.tensor([2, 1]).to(engine.uint16).sort()
    with pytest.raises(TypeError, match=r"numpy.*float8_e5m2"):
        engine.zeros(1, dtype=engine.float8_e5m2).numpy()


def test_repr_of_limits() -> None:
    """The texts of PyTorch 2.13."""
    assert repr(engine.finfo(engine.float32)) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)"
    )
    assert repr(engine.iinfo(engine.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
    assert repr(engine.iinfo(engine.int64)).startswith("iinfo(min=-9.22337e+18, max=9.22337e+18")

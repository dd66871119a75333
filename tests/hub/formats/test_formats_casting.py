"""Casting of buffers."""

from __future__ import annotations

import numpy as np
import pytest

from hub.formats import Buffer, cast
from hub.formats.casting import FLOATS

SPECIAL = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 2.0**-140, 65504, 1 / 3], np.float32)


def as_float(buffer: Buffer) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if buffer.dtype == "bfloat16":
        bits = buffer.numpy().astype(np.uint32) << 16
        return bits.view(np.float32).astype(np.float64)
    return buffer.numpy().astype(np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(dtype: str) -> None:
    got = as_float(cast(Buffer.from_numpy(SPECIAL), dtype))
    assert np.array_equal(np.isnan(got), np.isnan(SPECIAL))
    assert np.array_equal(np.signbit(got)[:6], np.signbit(SPECIAL)[:6])
    assert got[4] == np.inf and got[5] == -np.inf
    assert abs(got[-1] - 1 / 3) < 0.001


def test_bfloat16_is_the_nearest_and_ties_are_even() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, np.uint32)
    ties = np.arange(0x3F80_8000, 0x3F90_8000, 0x1_0000, np.uint32)
    values = np.concatenate([bits, ties]).view(np.float32)
    values = values[np.isfinite(values) & (np.abs(values) < 3e38)]
    got = cast(Buffer.from_numpy(values), "bfloat16").numpy().astype(np.int64)
    exact = values.astype(np.float64)

    def value(pattern: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> object:
        return (pattern.astype(np.uint32) << 16).view(np.float32).astype(np.float64)

    error = np.abs(value(got) - exact)  # type: ignore[operator]
    for neighbour in (got - 1, got + 1):
        other = np.abs(value(neighbour) - exact)  # type: ignore[operator]
        closer = np.isfinite(other) & ((other < error) | ((other == error) & (got % 2 == 1)))
        assert not closer.any()


def test_many_blocks_and_strides() -> None:
    base = Buffer.from_numpy(np.arange(3_000_000, dtype=np.float32).reshape(1000, 3000))
    turned = Buffer("float32", (3000, 1000), (1, 3000), base.storage)
    got = cast(turned, "float64")
    assert np.array_equal(got.numpy(), base.numpy().T)
    back = cast(got, "float32")
    assert np.array_equal(back.numpy(), base.numpy().T)


def test_unchanged_and_refused_types() -> None:
    for name in ("int64", "bool", "uint8"):
        whole = Buffer.from_numpy(np.ones(3, name))
        assert cast(whole, "float16") is whole
    same = Buffer.from_numpy(np.ones(3, np.float16))
    assert cast(same, "float16") is same
    with pytest.raises(ValueError, match="tensor 'w': complex64 cannot be converted"):
        cast(Buffer.from_numpy(np.ones(3, np.complex64)), "float16", "w")
    with pytest.raises(ValueError, match="float8"):
        cast(Buffer.from_numpy(np.ones(3, np.uint8), "float8_e5m2"), "float16")
    with pytest.raises(ValueError, match="int8"):
        cast(same, "int8")
    for value, dtype in ((65536.0, "float16"), (3.4e38, "bfloat16"), (1e300, "bfloat16")):
        large = cast(Buffer.from_numpy(np.array([value])), dtype, "w")
        with pytest.raises(ValueError, match=f"tensor 'w': a value is too large for {dtype}"):
            large.numpy()


def test_flags_are_preserved() -> None:
    buffer = Buffer.from_numpy(np.ones((), np.float32))
    parameter = Buffer("float32", (), (), buffer.storage, 0, True, True)
    got = cast(parameter, "bfloat16")
    assert (got.shape, got.requires_grad, got.is_parameter) == ((), True, True)

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.formats import DTYPES, Buffer, FormatError, SafetensorsFile, read, save_safetensors
from hub.formats.safetensors import MAX_HEADER

HELD = [name for name, dtype in DTYPES.items() if dtype.safetensors is not None]


def raw_file(path: Path, header: object, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(dtype: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def bits_of(name: str, shape: tuple[int, ...]) -> Buffer:
    count = int(np.prod(shape)) * DTYPES[name].itemsize
    raw = np.arange(count, dtype=np.uint8) % (2 if name == "bool" else 251)
    return Buffer.from_numpy(raw.view(DTYPES[name].numpy).reshape(shape), name)


@pytest.mark.parametrize("name", HELD)
def test_round_trip_of_every_dtype(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.safetensors"
    tensors = {"x": bits_of(name, (2, 3)), "scalar": bits_of(name, ()), "none": bits_of(name, (0,))}
    save_safetensors(path, tensors, {"format": "pt", "ключ": "значение"})
    file = SafetensorsFile(path)
    assert file.metadata == {"format": "pt", "ключ": "значение"}
    assert set(file) == set(tensors) and len(file) == 3
    for key, tensor in tensors.items():
        assert (file[key].dtype, file[key].shape) == (name, tensor.shape)
        assert file[key].numpy().tobytes() == tensor.numpy().tobytes()


def test_the_layout_is_aligned_and_as_specified(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_safetensors(path, {"b": bits_of("uint8", (3,)), "a": bits_of("float64", (2,))})
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0
    assert json.loads(raw[8 : 8 + length]) == {
        "a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]},
        "b": {"dtype": "U8", "shape": [3], "data_offsets": [16, 19]},
    }
    assert len(raw) == 8 + length + 19


def test_strided_buffers_are_written_in_row_major_order(tmp_path: Path) -> None:
    base = Buffer.from_numpy(np.arange(6, dtype=np.int64).reshape(2, 3))
    path = tmp_path / "a.safetensors"
    save_safetensors(path, {"t": Buffer("int64", (3, 2), (1, 3), base.storage)})
    assert SafetensorsFile(path)["t"].numpy().tolist() == [[0, 3], [1, 4], [2, 5]]


def test_reading_maps_the_file_and_copies_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_safetensors(path, {"x": Buffer.from_numpy(np.zeros(1 << 20, np.float64))})
    tracemalloc.start()
    first, second = SafetensorsFile(path)["x"], SafetensorsFile(path, writable=True)["x"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert not first.numpy().flags.writeable
    second.numpy()[:] = 1
    assert not SafetensorsFile(path)["x"].numpy().any()


def test_tensors_at_odd_addresses_are_copied_to_even_ones(tmp_path: Path) -> None:
    header = {"a": entry("U8", (1,), (0, 1)), "b": entry("F32", (2,), (1, 9))}
    values = np.array([1.5, -2.0], np.float32)
    path = raw_file(tmp_path / "a.safetensors", header, b"\7" + values.tobytes())
    array = SafetensorsFile(path)["b"].numpy()
    assert array.flags.aligned and array.tolist() == [1.5, -2.0]


def test_padding_behind_the_header_and_no_tensors_are_fine(tmp_path: Path) -> None:
    header = json.dumps({"x": entry()}).encode() + b"   "
    assert read(raw_file(tmp_path / "a", header, b"1234"))
    assert read(raw_file(tmp_path / "b", b"{}")) == {}


MALFORMED: list[tuple[str, object, bytes, str]] = [
    ("not an object", b"[]      ", b"", "'{'"),
    ("not JSON", b'{"x":', b"", "not JSON"),
    ("not UTF-8", b'{"\xff":1}', b"", "malformed"),
    ("half a surrogate pair", b'{"\\ud800":1}', b"", "malformed"),
    ("text behind", b"{} {}", b"", "not JSON"),
    ("duplicate tensor", b'{"x":1,"x":2}', b"", "duplicate key 'x'"),
    ("duplicate field", b'{"x":{"dtype":"F32","dtype":"F32"}}', b"", "duplicate key"),
    ("float", b'{"x":1.5}', b"", "1.5"),
    ("NaN", b'{"x":NaN}', b"", "NaN"),
    ("long integer", b'{"x":' + b"9" * 5000 + b"}", b"", "out of range"),
    ("deep nesting", b'{"x":' + b"[" * 50_000, b"", "malformed"),
    ("metadata list", {"__metadata__": []}, b"", "__metadata__"),
    ("metadata number", {"__metadata__": {"a": 1}}, b"", "not text"),
    ("tensor is a number", {"x": 1}, b"", "exactly"),
    ("field missing", {"x": {"dtype": "F32", "shape": [1]}}, b"1234", "exactly"),
    ("field too many", {"x": {**entry(), "more": 1}}, b"1234", "exactly"),
    ("unknown dtype", {"x": entry("F31")}, b"1234", "F31"),
    ("dtype of less than a byte", {"x": entry("F4", (8,))}, b"1234", "F4"),
    ("dtype a list", {"x": {**entry(), "dtype": ["F32"]}}, b"1234", "unknown dtype"),
    ("shape a number", {"x": entry(shape=1)}, b"1234", "shape"),
    ("shape of bools", {"x": entry(shape=[True])}, b"1234", "shape"),
    ("negative size", {"x": entry(shape=[-1])}, b"1234", "shape"),
    ("size beyond 63 bits", {"x": entry(shape=[2**63])}, b"1234", "shape"),
    ("product overflows", {"x": entry(shape=[2**32, 2**32])}, b"1234", "x"),
    ("product overflows to fit", {"x": entry(shape=[2**62 + 1])}, b"1234", "overflows"),
    ("empty but huge", {"x": entry(shape=[0, 2**62, 2**62], offsets=[0, 0])}, b"", "x"),
    ("many dimensions", {"x": entry(shape=[1] * 65)}, b"1234", "shape"),
    ("offsets too few", {"x": entry(offsets=[0])}, b"1234", "two positions"),
    ("offsets negative", {"x": entry(offsets=[-4, 0])}, b"1234", "two positions"),
    ("offsets reversed", {"x": entry(offsets=[4, 0])}, b"1234", "x"),
    ("size and shape differ", {"x": entry(shape=[2])}, b"1234", "x"),
    ("longer than its shape", {"x": entry(offsets=[0, 5])}, b"12345", "takes 4 bytes"),
    ("hole at the start", {"x": entry(offsets=[4, 8])}, b"12345678", "hole"),
    ("hole between", {"x": entry(), "y": entry(offsets=[5, 9])}, b"123456789", "hole"),
    ("overlap", {"x": entry(), "y": entry(offsets=[2, 6])}, b"123456", "overlaps"),
    ("same place", {"x": entry(), "y": entry()}, b"1234", "overlaps"),
    ("data missing", {"x": entry()}, b"123", "end at 4"),
    ("data left over", {"x": entry()}, b"12345", "end at 4"),
]


@pytest.mark.parametrize(
    ("header", "data", "match"), [case[1:] for case in MALFORMED], ids=[c[0] for c in MALFORMED]
)
def test_violations_of_the_specification(
    tmp_path: Path, header: object, data: bytes, match: str
) -> None:
    path = raw_file(tmp_path / "bad.safetensors", header, data)
    with pytest.raises(FormatError, match=match) as caught:
        SafetensorsFile(path)
    assert caught.value.file == str(path)


@pytest.mark.parametrize("length", [MAX_HEADER + 1, 2**63, 2**64 - 1, 3])
def test_header_lengths_that_the_file_does_not_have(tmp_path: Path, length: int) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{}")
    with pytest.raises(FormatError, match="header"):
        SafetensorsFile(path)


def test_a_file_cut_at_any_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_safetensors(path, {"x": bits_of("float32", (2,)), "y": bits_of("int8", (3,))}, {"a": "b"})
    whole = path.read_bytes()
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            SafetensorsFile(path)


@pytest.mark.parametrize("unit", [b"[],", b"{},"])
def test_headers_of_brackets_take_little_memory(tmp_path: Path, unit: bytes) -> None:
    path = raw_file(tmp_path / "bad", b'{"x":[' + unit * 3_000_000 + b"[]]}")
    tracemalloc.start()
    with pytest.raises(FormatError, match="brackets"):
        SafetensorsFile(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_many_duplicate_keys_take_linear_time(tmp_path: Path) -> None:
    keys = ",".join(f'"k{index}":"v"' for index in range(200_000))
    header = f'{{"__metadata__":{{{keys},"k199999":"v"}}}}'.encode()
    with pytest.raises(FormatError, match="duplicate key 'k199999'"):
        SafetensorsFile(raw_file(tmp_path / "bad", header))


def test_unsupported_values_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    base = bits_of("float32", (4,))
    tail = Buffer("float32", (2,), (1,), base.storage, 2)
    ok = bits_of("int8", (1,))
    cases: list[tuple[Any, Any, type[Exception], str]] = [
        ({"a": base, "b": tail}, None, ValueError, "'a' and 'b' overlap"),
        ({"a": bits_of("complex128", (1,))}, None, ValueError, "complex128"),
        ({"__metadata__": ok}, None, ValueError, "__metadata__"),
        ({"a": np.ones(1)}, None, TypeError, "ndarray"),
        ({1: ok}, None, TypeError, "names"),
        ({"a": ok}, {"a": 1}, TypeError, "metadata"),
        ({"\ud800": ok}, None, UnicodeEncodeError, "surrogates"),
    ]
    for tensors, metadata, error, match in cases:
        with pytest.raises(error, match=match):
            save_safetensors(path, tensors, metadata)
    assert list(tmp_path.iterdir()) == []


def test_parts_of_one_storage_that_do_not_overlap_are_written(tmp_path: Path) -> None:
    base = bits_of("int16", (4,))
    halves = {n: Buffer("int16", (2,), (1,), base.storage, 2 * i) for i, n in enumerate("ab")}
    save_safetensors(tmp_path / "a.safetensors", halves)
    file = SafetensorsFile(tmp_path / "a.safetensors")
    assert file["b"].numpy().tolist() == base.numpy()[2:].tolist()

"""PyTorch files: round trips, files that PyTorch itself wrote, and malformed ones."""

from __future__ import annotations

import base64
import dataclasses
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.formats import DTYPES, Buffer, FormatError, Storage, read, save_torch, scan
from hub.formats.plain_data import MAX_DEPTH

# Both were written by torch.save of PyTorch 2.13, packed with zlib and base64, from this object
# (the legacy one without "eighth"), with base = torch.arange(6.).reshape(2, 3):
#   state = OrderedDict(weight=base.t(), row=base[1], count=torch.tensor(7),
#       parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0], dtype=torch.bfloat16)),
#       eighth=torch.tensor([1.0, -0.5]).to(torch.float8_e4m3fn))
#   state._metadata = OrderedDict({"": {"version": 1}})
#   {"state": state, "epoch": 3, "name": "tiny", "betas": (0.9, 0.999)}
LEGACY = """
eNp1Uktv00AQ9iNxqKGlvArlWd4OhZBHEzWnVAi1h+VVc/EFWY6zio2MN2OvWxUpUi5JC7+BA0d+Rn8AcOcnICFxREgcGK/T
lEph5N31zs5+3zc7M1De68GfD+u/l15/erFYGihPv6s490EyrHlJknoR48xlgb1Fo9hnIcgYYM3iSeBzHlCbhh3fCUHZs3R0
8p0etWP/LY1B7UPOsPLojD0WccgTxVJx54ccNJKzcikGC7tQILkkOeAU8dzhFGQXaQPqcmSN9edRh0a089h3uQ5K0QTVsDSM
3aZ+1+OQczmLXK9kJ9wPYt2OaDvxg47NaRizyN6q6pA3DKsg0FnkdClo2RV9PWAOf5k5dShYcxjTXKmXKzjVKs1aowzHhHC3
l8AM0Z5x0DeJRFSijOA4kYk6ghPvvFTTLIc5E06K6Ihtw7yHpJ7mTQU95WVgpzcRSh3CGSIP4WwGdI7DggnnrZm0Ak7kvKGc
RnDhP0lOInRYzBjHqT0SuVUak+wuHgpZra82a5VUyCUUoqCQy2lWyhCupEKuZkKucVgy4fqe2NzYhZsm3BI1clmCdbx9hO4J
VnNCdecIFVqtXoW7SCUjlYFUxWJGUeRwz4TlpA/3Rb42puJ0HO7AA3FestApwcM+lEX9DhqxQuQ4jttCDe0x14MqUUVXhfga
UBO/3A93YEXEtBE2hvpG68fn1L5stH7++vptYXd5BI20/V6l7TdFszztzZRpFVVpSZYyK4xXZbzut6R9TfrXBi2c1vDDMcDx
ce0vMfLy9A==
"""
ZIP = """
eNqlVd1v21QUv/mokxnoF7B2hRUYbHNZlyZ2Ptd26SzkSRiJNmhS1JfITdzawrVznJtWRapUaWo33hhCvIH2xDNvIPGyPwCQ
eGASEm97qJCQ9sgr916nru2QZaxXuXbinN/5/c655xyvqokkQuk06lvjaBJpbtMwd/SFloa1TPtTS5FH0XpoHcT3AQn1EQLo
YA3rEGs2HcvSm9h07A7/sdvSXb31gdnEPMTnapAQ6hyx3dXNLQNDsokdQpFpdLFpdfiGq290TavVwLrdcdzGjsjDiCDUU8y7
42pbOnAehFcsR8OfeA95SNVjxCYL6XqC3JvtLpxTOQz8morUhBo/gpfUmJo4gpc/N6iKVzCM1mCMGbvOLowbhMbgjJSRNhhw
Yo3AEocwqcYO4VUP9BqG12twvn6OgNqaq23rWHdhakAIvgUP0573nnCZKc8Vfe0XmPYczBDqOIY3qOb4IbxJqS961LMY3qrB
2/fZj3fuwaUavMty3nS6Nob3QgQfOfaW7/wycy7CFeI8huEqcT435zkVMJDr++w82HEYcG3IeUg8zJ8yZXpnwt+x8V5bb/mk
1xmpBBkvooVeRFkaUc4jF3tiN2kyyg09vy1t2jxIGPI1KHT3ocjy3CAp1Gj1QYnBynVamlDZhxusKnZ0t0MKDRbVWKfT2WA5
0dtO04AlNVEnlY1scgqwzL5i096Dm8xmg7jtQPV29e+f6frldvXpP7/+cf7etSNY6WZW1VT6+OGHwu9xhOheHdgkU+iK3ySZ
Tcfd1nCjp0mRL0V65b9WjnL98PTPuzRjdA/mmkGlU65e6huaZW7Z27qNFVl6Drq+VcxTAdVd+IvEieLPFDCBqr6AjT2sO7S5
FXnxRXhPlmVibOlUw+Hykwu0FLlnahhFN0NTaSGryDfOIMDzelAllxXyIfuA7IcrVNHUF8cPpskf00MUzYcV5RRZeG5Fj6ro
EeVKra0/oTWaHMK1EuYSFXnpLOlfT/U8Uw3tx8cOJU0P0bAU1iApcvmFNZS/p8z3L179Znj9jaFbPrPfZMtnCn9d4in/b99u
3RnOP4vE0wZkoXd01yQd+JlG33YNs6XImf8pJ5ctlcpFsSRWSpVKuZDPFcVCtlCsFKRKkTzJS9l8riIW2Jj4yZr8TiA6BKYy
RsX6OoPjarxPefQ9HkUHB9BUCHk5gQYNuKiT4BCZCTl5EHTSN7mifoKDYCLkZzKJ+gdQFB7s2tEQ/OskisyOKDbYhWGsMBLB
5qLYYPeEsV9FsWIUG6z/MHaai2ClKDZYu2Mh7JcB7IAzC5bUbDjXKTSk2FdVjps/aY3EdR/JR+534979x9TJqOHYt8WegffW
G+E8DM/sPdt/AZDYd4I=
"""

MakeTensor = Callable[..., bytes]
MakeZip = Callable[..., Path]


def unpacked(literal: str) -> bytes:
    return zlib.decompress(base64.b64decode(literal))


@pytest.mark.parametrize("literal", [LEGACY, ZIP], ids=["legacy", "zip"])
def test_files_of_pytorch(tmp_path: Path, literal: str) -> None:
    path = tmp_path / "tiny.bin"
    path.write_bytes(unpacked(literal))
    found: Any = read(path)
    state = found.pop("state")
    assert found == {"epoch": 3, "name": "tiny", "betas": (0.9, 0.999)}
    assert isinstance(state, OrderedDict)
    assert state._metadata == {"": {"version": 1}}  # type: ignore[attr-defined]
    assert state["weight"].numpy().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert (state["weight"].strides, state["row"].offset) == ((1, 3), 3)
    assert state["weight"].storage is state["row"].storage
    assert state["count"].numpy() == 7 and state["count"].dtype == "int64"
    parameter = state["parameter"]
    assert parameter.is_parameter and parameter.requires_grad and parameter.dtype == "bfloat16"
    assert parameter.numpy().tolist() == [0x3FC0, 0xC000]
    if literal is ZIP:
        assert state["eighth"].dtype == "float8_e4m3fn"
        assert state["eighth"].numpy().tolist() == [0x38, 0xB0]
    assert scan(path).safe


@pytest.mark.parametrize("literal", [LEGACY, ZIP], ids=["legacy", "zip"])
def test_a_file_of_pytorch_cut_at_any_byte_is_refused(tmp_path: Path, literal: str) -> None:
    path = tmp_path / "cut.pt"
    whole = unpacked(literal)
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            read(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(FormatError):
        read(path)


@pytest.mark.parametrize("name", DTYPES)
def test_round_trip_of_every_dtype(tmp_path: Path, name: str) -> None:
    dtype = DTYPES[name]
    raw = np.arange(6 * dtype.itemsize, dtype=np.uint8) % (2 if name == "bool" else 251)
    whole = Buffer.from_numpy(raw.view(dtype.numpy).reshape(2, 3), name)
    path = tmp_path / "a.pt"
    views = {
        "whole": whole,
        "column": Buffer(name, (2,), (3,), whole.storage, 1),
        "scalar": Buffer(name, (), (), whole.storage, 5),
        "expanded": Buffer(name, (4, 1), (0, 1), whole.storage),
        "empty": Buffer(name, (0, 3), (3, 1), Storage(np.zeros(0, np.uint8))),
        "parameter": dataclasses.replace(whole, is_parameter=True, requires_grad=True),
        "leaf": dataclasses.replace(whole, requires_grad=True),
    }
    save_torch(path, views)
    found: Any = read(path)
    for key, view in views.items():
        assert found[key].numpy().tobytes() == view.numpy().tobytes()
        for field in ("dtype", "shape", "strides", "offset", "requires_grad", "is_parameter"):
            assert getattr(found[key], field) == getattr(view, field)
    shared = {key for key in views if found[key].storage is found["whole"].storage}
    assert shared == set(views) - {"empty"}


def test_round_trip_of_plain_data(tmp_path: Path) -> None:
    state = OrderedDict(a=1)
    state._metadata = OrderedDict({"": {"version": 2}})  # type: ignore[attr-defined]
    shared = [1, 2]
    value: Any = {
        "numbers": [0, -1, 255, 256, 2**31, -(2**63), 2**200, 1.5, float("inf"), 1 + 2j, True],
        "text": ["", "héllo", "a" * 300, b"\xff\0", None],
        "containers": ((), (1,), [[]], {}, {1, "a"}, {(1, "a"): 2, None: 3}),
        "shared": [shared, shared],
        "state": state,
        "dtype": DTYPES["bfloat16"],
        "many": [f"key{index}" for index in range(300)] * 2,
    }
    save_torch(tmp_path / "a.pt", value)
    found: Any = read(tmp_path / "a.pt")
    assert found == value
    assert found["shared"][0] is found["shared"][1]
    assert type(found["state"]) is OrderedDict
    assert found["state"]._metadata == state._metadata  # type: ignore[attr-defined]


def test_storages_of_a_zip_are_mapped_and_aligned(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    save_torch(path, {f"{i}": Buffer.from_numpy(np.full(3, i, np.uint8)) for i in range(5)})
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    found: Any = read(path)
    for index, buffer in enumerate(found.values()):
        assert buffer.numpy().tolist() == [index] * 3
        assert buffer.storage.memory.ctypes.data % 64 == 0
        assert not buffer.numpy().flags.writeable
    changed: Any = read(path, writable=True)
    changed["0"].numpy()[:] = 9
    again: Any = read(path)
    assert again["0"].numpy().tolist() == [0, 0, 0]


def test_unsupported_values_are_named_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    loop: list[object] = []
    loop.append(loop)
    deep: object = None
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    storage = Storage(np.zeros(6, np.uint8))
    bytes_and_halves = [Buffer(name, (1,), (1,), storage) for name in ("uint8", "int16")]
    cases: list[tuple[object, type[Exception], str]] = [
        ({"a": [1, object()]}, TypeError, r"value\['a'\]\[1\]: a object cannot be written"),
        ({"a": np.array([object()])}, TypeError, r"value\['a'\]: numpy dtype str 'O'"),
        ({"f": np.ones}, TypeError, "a function cannot be written"),
        ([lambda: 1], TypeError, r"value\[0\]: a function cannot be written"),
        (loop, ValueError, "contains itself"),
        (deep, ValueError, "nested"),
        ({Buffer("uint8", (1,), (1,), storage): 1}, ValueError, "key"),
        (bytes_and_halves, ValueError, "storage of uint8 is seen as int16"),
        (Buffer("float32", (1,), (1,), storage), ValueError, "6 bytes are no number of float32"),
        (2**5000, ValueError, "integer"),
    ]
    for value, error, match in cases:
        with pytest.raises(error, match=match):
            save_torch(path, value)
    assert list(tmp_path.iterdir()) == []


TENSORS: dict[str, tuple[dict[str, object], str]] = {
    "offset outside": ({"offset": 1}, "need 20 bytes and the storage has 16"),
    "stride outside": ({"stride": (2,)}, "need 28 bytes"),
    "size outside": ({"size": (5,)}, "need 20 bytes"),
    "negative offset": ({"offset": -1}, "out of range"),
    "negative size": ({"size": (-4,)}, "out of range"),
    "negative stride": ({"stride": (-1,)}, "out of range"),
    "size that overflows": ({"size": (2**62, 4), "stride": (0, 0)}, "overflow"),
    "size past 63 bits": ({"size": (2**63,)}, "out of range"),
    "product wraps to zero": ({"size": (2**32, 2**32), "stride": (1, 1)}, "overflow"),
    "offset wraps": ({"offset": 2**64}, "out of range"),
    "empty past the end": ({"size": (0,), "offset": 5}, "need 20 bytes"),
    "strides too few": ({"stride": ()}, "1 size and 0 strides"),
    "dimensions": ({"size": (1,) * 65, "stride": (1,) * 65}, "tuple of up to 64"),
    "size of floats": ({"size": (4.0,)}, "float 4.0, not an integer"),
    "size of bools": ({"size": (True,)}, "bool True, not an integer"),
    "size not a tuple": ({"size": 4}, "int 4, not a tuple"),
    "flag not a bool": ({"requires_grad": 1}, "requires_grad is int 1"),
    "hooks": ({"hooks": (1,)}, "hooks of a tensor are a tuple"),
    "too many elements": ({"numel": 5}, "5 elements of torch.FloatStorage take 20"),
    "too few elements": ({"numel": 3}, "3 elements of torch.FloatStorage take 12"),
    "other width": ({"kind": "DoubleStorage"}, "4 elements of torch.DoubleStorage take 32"),
    "elements negative": ({"numel": -4}, "int -4 elements"),
    "elements overflow": ({"numel": 2**61}, "elements"),
    "key missing": ({"key": "1"}, "no member is named 'archive/data/1'"),
    "key climbs": ({"key": "../version"}, "no member is named 'archive/data/../version'"),
    "key a number": ({"key": 0}, "storage key int 0"),
    "kind a function": ({"kind": "Size"}, "torch.Size is not a kind of storage"),
    "kind unknown": ({"kind": "QInt8Storage"}, "global 'torch.QInt8Storage' is not allowed"),
}


@pytest.mark.parametrize(("changes", "match"), TENSORS.values(), ids=TENSORS)
def test_tensors_that_do_not_fit_their_storage(
    torch_zip: MakeZip, make_tensor: MakeTensor, changes: dict[str, object], match: str
) -> None:
    assert read(torch_zip(make_tensor()))
    path = torch_zip(make_tensor(**changes))
    with pytest.raises(FormatError, match=match) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_conjugated_tensors_are_refused(torch_zip: MakeZip, make_tensor: MakeTensor) -> None:
    tensor = make_tensor()[:-2] + b"}X\x04\0\0\0conj\x88stR"
    with pytest.raises(FormatError, match="conjugated"):
        read(torch_zip(tensor))


@pytest.mark.parametrize(
    ("opcodes", "match"),
    [
        (b"ctorch._utils\n_rebuild_tensor_v2\n)R", "given 0 arguments"),
        (b"ctorch._utils\n_rebuild_tensor\n(NK\0))tR", "NoneType None, not a storage"),
        (b"ctorch._utils\n_rebuild_parameter\n(N\x88NtR", "a parameter is made of"),
        (b"ctorch\ndevice\nX\1\0\0\0x\x85R", "'x' is not a device"),
        (b"ctorch\nFloatStorage\n", "torch.FloatStorage is left over"),
        (b"ctorch.nn.modules.linear\nLinear\n", "global 'torch.nn.modules.linear.Linear'"),
        (b"(X\x06\0\0\0moduleK\1tQ", "persistent id"),
        (b"NQ", "persistent id is NoneType None"),
    ],
)
def test_odd_uses_of_pytorchs_globals(torch_zip: MakeZip, opcodes: bytes, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        read(torch_zip(opcodes))


def test_byte_order_and_version_are_checked(torch_zip: MakeZip) -> None:
    assert read(torch_zip(b"K\1", byteorder=b"little")) == 1
    with pytest.raises(FormatError, match="byte order b'big'"):
        read(torch_zip(b"K\1", byteorder=b"big"))
    with pytest.raises(FormatError, match="file version b'11'"):
        read(torch_zip(b"K\1", version=b"11\n"))
    with pytest.raises(FormatError, match="TorchScript"):
        read(torch_zip(b"K\1", **{"constants.pkl": b""}))


def test_deflated_storages_are_read(torch_zip: MakeZip, make_tensor: MakeTensor) -> None:
    found: Any = read(torch_zip(make_tensor(), zipfile.ZIP_DEFLATED))
    assert found.numpy().tolist() == [0, 1, 2, 3]


class Legacy:
    """The parts of a legacy file of one tensor, to be changed one at a time."""

    def __init__(self, tensor: bytes) -> None:
        self.magic = b"\x80\2\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
        self.protocol = b"\x80\2M\xe9\3."
        self.machine = b"\x80\2}X\x0d\0\0\0little_endian\x88s."
        self.value = b"\x80\2" + tensor + b"."
        self.keys = b"\x80\2]X\1\0\0\x000a."
        self.storages = struct.pack("<q4f", 4, 0, 1, 2, 3)

    def write(self, path: Path, **changes: bytes) -> Path:
        path.write_bytes(b"".join({**vars(self), **changes}.values()))
        return path


def test_legacy_parts_are_checked(tmp_path: Path, make_tensor: MakeTensor) -> None:
    path = tmp_path / "legacy.pth"
    legacy = Legacy(make_tensor())
    found: Any = read(legacy.write(path))
    assert found.numpy().tolist() == [0, 1, 2, 3] and found.numpy().flags.aligned
    key = b"X\1\0\0\x000"
    cases: list[tuple[dict[str, bytes], str]] = [
        ({"protocol": b"\x80\2M\xea\3."}, "format version int 1002"),
        ({"machine": legacy.machine.replace(b"\x88", b"\x89")}, "not little-endian"),
        ({"machine": b"\x80\2]."}, "not little-endian"),
        ({"keys": b"\x80\2]."}, "not those in use"),
        ({"keys": b"\x80\2](" + key * 2 + b"e."}, "not those in use"),
        ({"keys": b"\x80\2K\1."}, "not a list of text"),
        ({"storages": legacy.storages[:-1]}, "cut short"),
        ({"storages": legacy.storages + b"x"}, "data after the last storage: 1 byte"),
        ({"storages": struct.pack("<q4f", 5, 0, 1, 2, 3)}, "has 5 elements, not 4"),
        ({"storages": struct.pack("<q4f", -4, 0, 1, 2, 3)}, "has -4 elements"),
        ({"value": b"\x80\2" + make_tensor(numel=2**40) + b"."}, "more than the file has"),
        ({"value": b"\x80\2" + make_tensor(offset=1) + b"."}, "need 20 bytes"),
        (
            {"value": b"\x80\2(" + make_tensor() + make_tensor("IntStorage") + b"t."},
            "referred to in two ways",
        ),
    ]
    for changes, match in cases:
        with pytest.raises(FormatError, match=match):
            read(legacy.write(path, **changes))


@pytest.mark.parametrize(
    ("view", "match"),
    [
        (("v", 1, 3), None),
        (None, None),
        (("v", 2, 3), "view of 3 elements at 2 in 4"),
        (("v", -1, 3), "view of 3 elements at -1"),
        (("v", 1, 2), "need 12 bytes and the storage has 8"),
        (("v", 1.0, 3), "not given by two integers"),
        (("v", 1), "viewed by a tuple"),
    ],
)
def test_views_of_legacy_storages(
    tmp_path: Path,
    encode_value: Callable[[object], bytes],
    view: object,
    match: str | None,
) -> None:
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\4"
    args = b"(" + storage + encode_value(view) + b"tQK\0K\3\x85K\1\x85t"
    path = Legacy(b"ctorch._utils\n_rebuild_tensor\n" + args + b"R").write(tmp_path / "a.pth")
    if match is None:
        found: Any = read(path)
        assert found.numpy().tolist() == ([1, 2, 3] if view else [0, 1, 2])
    else:
        with pytest.raises(FormatError, match=match):
            read(path)


def test_members_of_other_zips_are_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights/tiny.pth", unpacked(ZIP))
        archive.writestr("old.pth", unpacked(LEGACY), zipfile.ZIP_DEFLATED)
        archive.writestr("empty", b"")
    for member in ("weights/tiny.pth", "old.pth"):
        found: Any = read(path, member=member)
        assert found["state"]["count"].numpy() == 7
    with pytest.raises(FormatError, match="empty"):
        read(path, member="empty")
    with pytest.raises(FormatError, match=r"no member is named 'x', there are: weights/tiny\.pth"):
        read(path, member="x")
    with pytest.raises(FormatError, match=r"0 data\.pkl among weights"):
        read(path)
    with pytest.raises(FormatError, match="not a zip"):
        read(Legacy(b"N").write(tmp_path / "a.pth"), member="x")

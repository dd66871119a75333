from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from hub.errors import FormatError
from hub.formats.byte_source import Source
from hub.formats.zip_reader import ZipReader


def reader(raw: bytes) -> ZipReader:
    return ZipReader(Source("made.zip", np.frombuffer(raw, np.uint8)))


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # the constructor would clean the name
            archive.writestr(info, data, method)
    return stream.getvalue()


class Unseekable(io.BytesIO):
    """Makes zipfile write sizes after the data, as PyTorch does."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def test_stored_members_are_views_and_deflated_ones_are_unpacked() -> None:
    members = {"a": b"first", "dir/b": b"second" * 100, "empty": b"", "ü": b"1"}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raw = zipped(members, method)
        archive = reader(raw)
        assert list(archive.members) == list(members)
        for name, data in members.items():
            source = archive.read(name)
            assert source.memory.tobytes() == data
            if method == zipfile.ZIP_STORED:
                assert raw[source.origin : source.origin + len(data)] == data


def test_sizes_behind_the_data_and_zip64_are_understood() -> None:
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", b"data")
        with archive.open("b", "w", force_zip64=True) as member:
            member.write(b"more")
    made = reader(stream.getvalue())
    assert [made.read(name).memory.tobytes() for name in "ab"] == [b"data", b"more"]


def end64(raw: bytes, **changes: int) -> bytes:
    """Give a zip the end records of zip64, which PyTorch always writes."""
    count, size, start = struct.unpack_from("<HLL", raw, len(raw) - 12)
    fields = {"length": 44, "disk": 0, "here": count, "count": count, "size": size, "start": start}
    fields |= {"where": len(raw) - 22, "narrow": 0xFFFFFFFF} | changes
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", fields["length"], 45, 45, fields["disk"], 0,
        fields["here"], fields["count"], fields["size"], fields["start"],
    )  # fmt: skip
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, fields["where"], 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, fields["narrow"], 2**32 - 1, 0)
    return raw[:-22] + record + locator + end


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"length": 45}, "zip64 end record of 45 bytes"),
        ({"disk": 1}, "contradict"),
        ({"count": 2}, "several disks"),
        ({"count": 2**60, "here": 2**60}, "has no space for [0-9]+ entries"),
        ({"size": 2**63}, "ends not here"),
        ({"start": 2**64 - 1}, "ends not here"),
        ({"where": 2**64 - 1}, "no zip64 end record"),
        ({"where": 0}, "no zip64 end record"),
        ({"narrow": 7}, "contradict"),
    ],
)
def test_zip64_end_records(changes: dict[str, int], match: str) -> None:
    raw = zipped({"a": b"data"})
    assert reader(end64(raw)).read("a").memory.tobytes() == b"data"
    with pytest.raises(FormatError, match=match):
        reader(end64(raw, **changes))


def test_sizes_of_64_bits_are_taken_from_the_extra_field() -> None:
    extra = struct.pack("<2HQ", 1, 8, 4)
    raw = bytearray(zipped({"a": b"data"}))
    at = raw.index(b"PK\1\2")
    start, stop = at + 46 + 1, len(raw) - 22
    struct.pack_into("<L", raw, at + 24, 2**32 - 1)  # the size; that packed stays 4
    struct.pack_into("<H", raw, at + 30, len(extra))
    struct.pack_into("<L", raw, stop + 12, stop - at + len(extra))
    wide = bytes(raw[:start]) + extra + bytes(raw[start:])
    assert reader(wide).read("a").memory.tobytes() == b"data"
    with pytest.raises(FormatError, match="zip64 field is missing"):
        reader(wide.replace(extra, struct.pack("<2HQ", 2, 8, 4)))
    with pytest.raises(FormatError, match="4 stored bytes of"):
        reader(wide.replace(extra, struct.pack("<2HQ", 1, 8, 2**63)))


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "a\\b", "a//b", "./a", "..", "a\0b", ""])
def test_names_that_are_no_relative_paths_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="no relative path"):
        reader(zipped({name: b"data"}))


def test_two_members_of_one_name_are_refused() -> None:
    raw = zipped({"a": b"data", "b": b"more"})
    with pytest.raises(FormatError, match="two members are named 'a'"):
        reader(raw.replace(b"b", b"a"))


def central(offset: int, layout: str, value: int) -> Callable[[bytearray], None]:
    def change(raw: bytearray) -> None:
        struct.pack_into(layout, raw, raw.index(b"PK\1\2") + offset, value)

    return change


def end(offset: int, layout: str, value: int) -> Callable[[bytearray], None]:
    def change(raw: bytearray) -> None:
        struct.pack_into(layout, raw, len(raw) - 22 + offset, value)

    return change


def local(offset: int, layout: str, value: int) -> Callable[[bytearray], None]:
    return lambda raw: struct.pack_into(layout, raw, offset, value)


DAMAGE: dict[str, tuple[Callable[[bytearray], None], str]] = {
    "encrypted": (central(8, "<H", 1), "encrypted"),
    "bad UTF-8 name": (central(46, "<B", 0xFF), "differs"),
    "method": (central(10, "<H", 12), "packed by method 12"),
    "sizes differ": (central(20, "<L", 3), "3 stored bytes of 4"),
    "sizes huge": (central(20, "<Q", (2**31 << 32) | 2**31), "runs into the central directory"),
    "name too long": (central(28, "<H", 0xFFFF), "runs past"),
    "comment too long": (central(32, "<H", 9), "malformed|runs past|longer"),
    "header elsewhere": (central(42, "<L", 5), "own header"),
    "header behind": (central(42, "<L", 0xFFFFFFF0), "own header"),
    "two entries at one header": (
        lambda raw: struct.pack_into("<L", raw, raw.rindex(b"PK\1\2") + 42, 0),
        "differs",
    ),
    "local name": (local(30, "<B", 0x7A), "differs"),
    "local name length": (local(26, "<H", 2), "differs"),
    "local extra runs on": (local(28, "<H", 0xFFFF), "runs into"),
    "local extra overlaps": (local(28, "<H", 8), "overlaps another"),
    "entry signature": (central(0, "<B", 0), "malformed"),
    "disk": (end(4, "<H", 1), "several disks"),
    "counts": (end(8, "<H", 1), "several disks"),
    "fewer entries": (end(8, "<L", 0x00010001), "longer than its entries"),
    "more entries": (end(8, "<L", 0x00030003), "has no space for|malformed"),
    "directory size": (end(12, "<L", 1), "ends not here"),
    "directory start": (end(16, "<L", 0), "ends not here"),
    "comment length": (end(20, "<H", 1), "does not end the file"),
    "zip64 without locator": (end(16, "<L", 0xFFFFFFFF), "locator is missing"),
}


@pytest.mark.parametrize(("damage", "match"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_zips_are_refused(damage: Callable[[bytearray], None], match: str) -> None:
    raw = bytearray(zipped({"a": b"data", "b": b"more"}))
    damage(raw)
    with pytest.raises(FormatError, match=match) as caught:
        reader(bytes(raw))
    assert caught.value.file == "made.zip"


def test_packed_data_is_checked() -> None:
    raw = zipped({"a": b"data" * 100}, zipfile.ZIP_DEFLATED)
    at = raw.index(b"PK\1\2")
    for offset, layout, value, match in (
        (16, "<L", 0, "checksum"),
        (24, "<L", 399, "not the 399 bytes"),
        (24, "<L", 401, "not the 401 bytes"),
        (20, "<L", 3, "damaged|not the 400"),
    ):
        changed = bytearray(raw)
        struct.pack_into(layout, changed, at + offset, value)
        with pytest.raises(FormatError, match=match):
            reader(bytes(changed)).read("a")
    with pytest.raises(FormatError, match="damaged"):
        reader(raw[:31] + b"\xff" * 4 + raw[35:]).read("a")


def test_zip_bombs_are_refused_before_they_unpack() -> None:
    raw = zipped({"bomb": bytes(100 << 20), "b": bytes(40 << 20)}, zipfile.ZIP_DEFLATED)
    lying = bytearray(raw)
    struct.pack_into("<L", lying, raw.index(b"PK\1\2") + 24, 1000)
    tracemalloc.start()
    with pytest.raises(FormatError, match="far more than the file has"):
        reader(raw).read("bomb")
    with pytest.raises(FormatError, match="not the 1000 bytes"):
        reader(bytes(lying)).read("bomb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    archive = reader(raw)
    assert len(archive.read("b")) == 40 << 20
    with pytest.raises(FormatError, match="far more"):
        archive.read("b")  # the limit is on the total


def test_no_members_and_no_zip() -> None:
    assert reader(zipped({})).members == {}
    with pytest.raises(FormatError, match="no end record"):
        reader(b"PK\3\4" + bytes(100))

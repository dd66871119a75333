"""Classes that only hold data: written by name and attributes, created without running code."""

from __future__ import annotations

import abc
import argparse
import collections
import dataclasses
import enum
import hashlib
import pickle
import sys
import tracemalloc
import types
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from hub.formats import Buffer, FormatError, find_fault, read, replace_values, save_torch

ONE = Buffer.from_numpy(np.ones(2))
RAN: list[str] = []


@dataclasses.dataclass
class Config:
    lr: float
    layers: list[int] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        RAN.append("post_init")


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: Any


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlots:
    a: Any
    b: int = 2


@dataclasses.dataclass(slots=True)
class Slots:
    a: Any


class Point(NamedTuple):
    x: Any
    y: int


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Plain:
    """A class that records calls of its methods."""

    def __init__(self) -> None:
        RAN.append("init")

    def __setattr__(self, name: str, value: object) -> None:
        RAN.append(name)

    @property
    def width(self) -> int:
        return 1

    @width.setter
    def width(self, value: int) -> None:
        RAN.append("width")


class Attributes(dict[str, Any]):
    """A dict with items as attributes, as in configuration libraries."""

    def __setitem__(self, key: str, value: Any) -> None:
        RAN.append(key)

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


Row = collections.namedtuple("Row", "a b")


class Factories(collections.defaultdict[str, int]):
    """A class with state beside items and attributes."""


class Abstract(abc.ABC):
    @abc.abstractmethod
    def method(self) -> None: ...


class Callable:
    def __call__(self) -> None: ...


class Deleted:
    def __del__(self) -> None:
        RAN.append("del")


class Restored:
    def __setstate__(self, state: object) -> None:
        RAN.append("setstate")


class Model:
    def state_dict(self) -> dict[str, Any]:
        return {}


def here(module: str, name: str) -> type:
    """Find classes of this module, like a program that allows its own."""
    if module != __name__:
        raise ValueError(f"{module}.{name} is not listed")
    found = getattr(sys.modules[__name__], name)
    assert isinstance(found, type)
    return found


def made_without_code(cls: type, **attributes: object) -> Any:
    made = cls.__new__(cls)
    vars(made).update(attributes)
    return made


def attributes_of(value: Any) -> dict[str, Any]:
    if isinstance(value, tuple):
        return dict(zip(value._fields, value, strict=True))  # type: ignore[attr-defined]
    names = getattr(type(value), "__slots__", None) or vars(value)
    return {name: getattr(value, name) for name in names}


VALUES: dict[str, Any] = {
    "dataclass": Config(0.1, [1, 2]),
    "frozen": Frozen([ONE]),
    "frozen with slots": FrozenSlots(ONE),
    "slots": Slots({"a": ONE}),
    "typed tuple": Point(ONE, 2),
    "named tuple": Row(1, (ONE,)),
    "class": made_without_code(Plain, a=1, width=3),
    "namespace": argparse.Namespace(lr=0.1, weight=ONE),
    "simple namespace": types.SimpleNamespace(lr=0.1, nested=types.SimpleNamespace(a=1)),
}


CASES = [(name, None) for name in VALUES] + [
    (name, protocol)
    for name in ("dataclass", "class", "simple namespace")
    for protocol in range(2, 6)
]


@pytest.mark.parametrize(("name", "protocol"), CASES)
def test_there_and_back(tmp_path: Path, name: str, protocol: int | None) -> None:
    path, value = tmp_path / "a.pt", VALUES[name]
    if protocol is None:
        save_torch(path, [value, value])
    else:
        path.write_bytes(pickle.dumps([value, value], protocol))
    RAN.clear()
    found: Any = read(path, find_class=here)
    assert RAN == [] and type(found[0]) is type(value)
    assert found[0] is found[1]
    assert attributes_of(found[0]).keys() == attributes_of(value).keys()
    converted: Any = replace_values(found, (Buffer,), lambda buffer: buffer.numpy().tolist())  # type: ignore[attr-defined]
    assert RAN == [] and converted[0] is converted[1]
    expected = {
        "frozen": [[1.0, 1.0]],
        "frozen with slots": [1.0, 1.0],
        "slots": {"a": [1.0, 1.0]},
        "typed tuple": [1.0, 1.0],
        "named tuple": 1,
        "class": 1,
    }
    if name in expected:
        assert next(iter(attributes_of(converted[0]).values())) == expected[name]


def test_enumerations_and_dicts_of_a_class(tmp_path: Path) -> None:
    value = Attributes()
    dict.update(value, {"a": ONE, "b": Colour.RED})
    save_torch(tmp_path / "a.pt", [value, Colour.BLUE, Colour.BLUE])
    RAN.clear()
    found: Any = read(tmp_path / "a.pt", find_class=here)
    assert type(found[0]) is Attributes and RAN == []
    assert found[0].b is Colour.RED and found[1] is found[2] is Colour.BLUE


@pytest.mark.parametrize(
    ("cls", "match"),
    [
        (Callable, "defines __call__"),
        (Deleted, "defines __del__"),
        (Restored, "defines __setstate__"),
        (Model, r"its state_dict\(\) can be saved"),
        (ValueError, "hold more than attributes"),
        (Path, "hold more than attributes"),
        (object, "holds no attributes"),
        (Factories, "hold more than attributes"),
        (type(hashlib.sha256()), "hold more than attributes"),
        (print, "not a class"),
        (type(print), "it is code"),
    ],
)
def test_other_classes_are_refused(tmp_path: Path, cls: Any, match: str) -> None:
    assert find_fault(cls) is not None
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\2csome\nname\n)\x81.")
    with pytest.raises(FormatError, match=f"'some.name' is not allowed.*{match}"):
        read(path, find_class=lambda module, name: cls)


def test_classes_not_found_by_name_are_not_written(tmp_path: Path) -> None:
    @dataclasses.dataclass
    class Local:
        a: int

    class Reduced:
        def __reduce__(self) -> Any:
            return print, ()

    for value, match in ((Local(1), "not found as"), (Reduced(), "defines __reduce__")):
        with pytest.raises(TypeError, match=rf"value\[0\]: a .*{match}"):
            save_torch(tmp_path / "a.pt", [value])


ABSTRACT = f"c{__name__}\nAbstract\n)\x81".encode("latin1")
PLAIN = f"c{__name__}\nPlain\n)\x81".encode("latin1")
NAMESPACE = b"cargparse\nNamespace\n)\x81"
MALFORMED: dict[str, tuple[bytes, str]] = {
    "abstract": (ABSTRACT, "abstract class"),
    "arguments": (f"c{__name__}\nConfig\nG".encode() + bytes(8) + b"\x85\x81", "run its code"),
    "fields": (f"c{__name__}\nPoint\nK\1\x85\x81".encode("latin1"), "has 2 fields and is given 1"),
    "no member": (f"c{__name__}\nColour\nK\2\x85R".encode("latin1"), "no member of value int 2"),
    "member of a list": (f"c{__name__}\nColour\n]\x85R".encode("latin1"), "no member of value a"),
    "state a list": (PLAIN + b"]b", "given a list as its attributes"),
    "names not text": (PLAIN + b"}K\1K\2sb", "given a dict as its attributes"),
    "slots that are not there": (PLAIN + b"N}X\1\0\0\0aK\1s\x86b", "no slot 'a'"),
    "a property for a slot": (PLAIN + b"N}X\5\0\0\0widthK\1s\x86b", "no slot 'width'"),
    "arguments of a namespace": (b"cargparse\nNamespace\n(K\1tR", "given 1 argument"),
    "a namespace in itself": (NAMESPACE + b"q\0}X\1\0\0\0ah\0sb", "contains itself"),
    "the class itself": (b"cargparse\nNamespace\n", "argparse.Namespace is left over"),
    "items of a namespace": (NAMESPACE + b"(K\1K\2u", "items are set in a Namespace"),
}


@pytest.mark.parametrize(("opcodes", "match"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_instances_are_refused(tmp_path: Path, opcodes: bytes, match: str) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\2" + opcodes + b".")
    RAN.clear()
    with pytest.raises(FormatError, match=match):
        read(path, find_class=here)
    assert RAN == []


@pytest.mark.parametrize("form", ["h\1b", "h\1N\x86b"])
def test_states_that_are_used_again_and_again_cannot_use_up_memory(
    tmp_path: Path, form: str
) -> None:
    items = b"".join(b"X\4\0\0\0" + b"%04d" % index + b"N" for index in range(5000))
    state = b"}q\1(" + items + b"u0"
    path = tmp_path / "a.pkl"
    path.write_bytes(
        b"\x80\2" + state + b"(" + (NAMESPACE + form.encode("latin1")) * 20_000 + b"t."
    )
    tracemalloc.start()
    with pytest.raises(FormatError, match="far more objects"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400 << 20


@pytest.mark.parametrize(
    ("opcodes", "match"),
    [
        (b"cbuiltins\nlist\n)R", "builtins.list is called"),
        (b"cbuiltins\ngetattr\n)R", "'builtins.getattr' is not allowed"),
        (b"ccollections\ndefaultdict\ncos\nsystem\n\x85R", "'os.system' is not allowed"),
        (b"ccollections\ndefaultdict\nK\1\x85R", "makes its values by int 1"),
        (b"ccollections\nCounter\n]\x85R", "a Counter is made of a list"),
        (b"ccollections\ndeque\n]J\xff\xff\xff\xff\x86R", "a deque of up to -1"),
        (b"cbuiltins\nrange\nNK\1\x86R", "a range is NoneType"),
        (b"cbuiltins\nrange\nK\1K\2K\0\x87R", "arg 3 must not be zero"),
        (b"cpathlib\nPosixPath\nK\1\x85R", "other than text"),
        (b"cdatetime\ndatetime\nK\1\x85R", "datetime is made of int 1"),
        (b"cdatetime\ndatetime\nC\1x\x85R", "datetime"),
        (b"cdatetime\ntimedelta\n(K\1K\1K\1K\1tR", "timedelta"),
        (b"cdatetime\ntimedelta\n\x8a\x09" + bytes(8) + b"\1\x85R", "timedelta"),
    ],
)
def test_odd_uses_of_the_standard_library(tmp_path: Path, opcodes: bytes, match: str) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\4" + opcodes + b".")
    with pytest.raises(FormatError, match=match):
        read(path)


def test_containers_are_changed_in_place_and_tuples_rebuilt() -> None:
    inner = [1, 2]
    value: Any = {"a": inner, "b": inner, "t": (inner, "x"), "d": collections.deque([3])}
    same: Any = replace_values(value, (int,), lambda number: number + 1)
    assert same is value and same["a"] is same["b"] is same["t"][0] is inner
    assert inner == [2, 3] and same["d"] == collections.deque([4])

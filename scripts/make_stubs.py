"""Writes engine/_C.pyi, by which type checkers and editors know the compiled module.

What is in the op table and what engine/ adds to Tensor is asked of the running engine; the rest
of the module, bound by hand in csrc/python, is in scripts/_C.pyi.in.
"""

from __future__ import annotations

import inspect
import keyword
import re
import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import _C

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "engine" / "_C.pyi"
TEMPLATE = ROOT / "scripts" / "_C.pyi.in"
HEAD = "# Generated from the op table by `python scripts/make_stubs.py`: do not edit.\n"

ACCEPTED = {
    "Tensor": "Tensor",
    "Tensor[]": "Sequence[Tensor]",
    "Tensor[]?": "Sequence[Tensor | None]",
    "Operand": "_Operand",
    "Number": "_Operand",  # a tensor of one element will do
    "int": "_int",
    "int[]": "_Ints",
    "float": "_float",
    "float[]": "_Floats",
    "bool": "_bool",
    "str": "str",
    "dtype": "_DType",
    "device": "_Device",
    "Generator": "Generator",
}


@dataclass(frozen=True)
class Param:
    name: str
    type: str
    default: str | None
    keyword_only: bool
    variadic: bool

    def text(self) -> str:
        if self.default is None:
            return f"{self.name}: {self.type}"
        return f"{self.name}: {self.type} = {self.default}"


@dataclass(frozen=True)
class Schema:
    """A declaration of the op table, such as ``max.dim(Tensor self, int dim) -> (...)``."""

    name: str
    params: tuple[Param, ...]
    result: str
    fields: tuple[str, ...]  # of several results

    @staticmethod
    def parse(text: str) -> Schema:
        matched = re.fullmatch(r"(\w+)(?:\.\w+)?\((.*)\) -> (.*)", text)
        assert matched, text
        name, inside, result = matched.groups()
        fields = tuple(re.findall(r"Tensor (\w+)", result))
        before, _, after = inside.partition("*, ")
        params = [param(p, False) for p in split(before)] + [param(p, True) for p in split(after)]
        if name.endswith("_") and params[0].name == "self":
            params[0] = Param("self", "Tensor", None, False, False)  # a number can't be written
        if fields:
            result = result_name(fields)
        return Schema(name, tuple(params), result.replace("Tensor[]", "tuple[Tensor, ...]"), fields)

    def signatures(self, first: str) -> list[str]:
        """As Python writes it, with ``first`` for self; two for ``int... size``."""
        if not any(p.variadic for p in self.params):
            return [self._signature(first, spread=False)]
        return [self._signature(first, spread=True), self._signature(first, spread=False)]

    def _signature(self, first: str, spread: bool) -> str:
        parts: list[str] = []
        keywords = False
        for p in self.params:
            if p.variadic and spread:
                parts.append(f"*{p.name}: _int")
                keywords = True
                continue
            if p.keyword_only and not keywords:
                parts.append("*")
                keywords = True
            if keyword.iskeyword(p.name):
                parts += [p.text().replace(p.name, p.name + "_", 1), "/"]
            elif p.name == "self":
                parts.append(first if first == "self" else f"{first}: {p.type}")
            else:
                parts.append(p.text())
        return f"def {self.name}({', '.join(parts)}) -> {self.result}: ..."


def split(params: str) -> list[str]:
    return [p for p in re.split(r", (?![^\[]*\])", params.removesuffix(", ")) if p]


def param(text: str, keyword_only: bool) -> Param:
    matched = re.fullmatch(r"(\w+)(\[\])?(\.\.\.)?(\?)? (\w+)(?:=(.*))?", text)
    assert matched, text
    kind, several, variadic, optional, name, default = matched.groups()
    if several and optional and kind == "Tensor":
        accepted = ACCEPTED["Tensor[]?"]
    else:
        accepted = ACCEPTED[kind + ("[]" if several or variadic else "")]
        accepted += " | None" if optional else ""
    if default and default.startswith("["):
        default = "..."
    return Param(name, accepted, default, keyword_only, bool(variadic))


def result_name(fields: tuple[str, ...]) -> str:
    return "_" + "".join(word.title() for field in fields for word in field.split("_"))


def declared(signatures: list[str], indent: str = "") -> Iterable[str]:
    for signature in signatures:
        if len(signatures) > 1:
            yield indent + "@overload"
        yield indent + signature


def schemas(name: str) -> list[Schema]:
    return [Schema.parse(text) for text in getattr(_C, name).schemas]


def functions() -> Iterable[str]:
    for name in _C.op_names:
        yield from declared([s for schema in schemas(name) for s in schema.signatures("input")])


def methods() -> Iterable[str]:
    for name in _C.method_names:
        if getattr(_C.Tensor, name) is getattr(_C, name):  # else engine/ has put its own there
            found = [s for schema in schemas(name) for s in schema.signatures("self")]
            yield from declared(found, "    ")


def results() -> Iterable[str]:
    several = {schema.fields for name in _C.op_names for schema in schemas(name) if schema.fields}
    for fields in sorted(several):
        yield f"class {result_name(fields)}(NamedTuple):"
        yield from (f"    {field}: Tensor" for field in fields)


def operators(template: str) -> Iterable[str]:
    """The number slots: Tensor's own names that the template leaves out."""
    for name, slot in sorted(vars(_C.Tensor).items()):
        if not isinstance(slot, types.WrapperDescriptorType) or f"def {name}(" in template:
            continue
        if len(inspect.signature(slot).parameters) == 1:
            yield f"    def {name}(self) -> Tensor: ..."
        elif name != "__delitem__":
            operand = "Tensor" if "matmul" in name else "_Operand"
            yield f"    def {name}(self, other: {operand}, /) -> Tensor: ..."


def signature(name: str, function: Any) -> str:
    """The signature of a Python function as it reads in the body of Tensor."""
    text = str(inspect.signature(function)).replace("'", "")
    text = text.replace("_C.device | str", "_Device").replace("_C.dtype", "_DType")
    text = re.sub(r"\b(bool|float|int)\b", r"_\1", text.replace("_C.", ""))
    return f"def {name}{text}: ..."


def python() -> Iterable[str]:
    """What engine/ has added to Tensor."""
    for name, member in sorted(vars(_C.Tensor).items()):
        if isinstance(inspect.unwrap(member), types.FunctionType):
            yield f"    {signature(name, member)}"
        elif isinstance(member, property):
            yield f"    @property\n    {signature(name, member.fget)}"
            if member.fset:
                given = inspect.get_annotations(member.fget)["return"]
                yield f"    @{name}.setter\n    def {name}(self, value: {given}) -> None: ..."
        elif isinstance(member, types.MethodDescriptorType) and member.__name__ != name:
            yield f"    {name} = {member.__name__}"


def text() -> str:
    template = TEMPLATE.read_text()
    parts = {
        "dtypes": (f"{n}: dtype" for n, v in vars(_C).items() if isinstance(v, _C.dtype)),
        "results": results(),
        "operators": operators(template),
        "python": python(),
        "methods": methods(),
        "functions": functions(),
    }
    return HEAD + template.format_map({part: "\n".join(lines) for part, lines in parts.items()})


if __name__ == "__main__":
    STUB.write_text(text())

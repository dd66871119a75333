"""Writes engine/_C.pyi, the type stubs of the compiled module.

What has a schema, and what engine/ adds to Tensor, is read from the running engine; the rest of the
module, and what a schema cannot state, is in scripts/_C.pyi.in.
"""

from __future__ import annotations

import inspect
import keyword
import re
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine import _C

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "engine" / "_C.pyi"
TEMPLATE = ROOT / "scripts" / "_C.pyi.in"
HEAD = "# Generated from the schemas by `python scripts/make_stubs.py`: do not edit.\n"

ACCEPTED = {
    "Tensor": "Tensor",
    "Tensor[]": "Sequence[Tensor]",
    "Operand": "_Operand",
    "Number": "_Operand",  # a tensor of one element is accepted
    "int": "_int",
    "int[]": "_Ints",
    "float": "_float",
    "float[]": "_Floats",
    "bool": "_bool",
    "str": "str",
    "dtype": "_DType",
    "device": "_Device",
    "object": "Any",
    "function": "Callable[..., Any]",
    "ndarray": "np.ndarray",
}
BOUND = type(_C.manual_seed)
CLASSES = ("device", "Generator", "Schema", "Node", "_Autocast", "_Profiler", "_Recorder")


def annotation(param: _C.SchemaParam) -> str:
    if param.kind == "Tensor[]" and param.optional:
        return "Sequence[Tensor | None]"
    return ACCEPTED.get(param.kind, param.kind) + (" | None" if param.optional else "")


def declaration(param: _C.SchemaParam) -> str:
    text = f"{param.name}: {annotation(param)}"
    if not param.has_default:
        return text
    if isinstance(param.default, list):
        return f"{text} = {param.default[0] if len(param.default) == 1 else '...'}"
    return f"{text} = {param.default!r}"


def result(schema: _C.Schema) -> str:
    if len(schema.results) > 1:
        return result_name(tuple(schema.results))
    if schema.returns_list:
        return "tuple[Tensor, ...]"
    text = re.sub(r"\b(bool|float|int)\b", r"_\1", schema.returns)
    return {"object": "Any", "ndarray": "np.ndarray"}.get(text, text)


def signatures(schema: _C.Schema, first: str) -> list[str]:
    """Signatures in Python, with ``first`` for self; two for ``int... size``."""
    if not any(p.variadic for p in schema.params):
        return [_signature(schema, first, spread=False)]
    return [_signature(schema, first, spread=True), _signature(schema, first, spread=False)]


def _signature(schema: _C.Schema, first: str, spread: bool) -> str:
    parts: list[str] = []
    keywords = False
    for p in schema.params:
        if p.variadic and spread:
            parts.append(f"*{p.name}: _int")
            keywords = True
            continue
        if p.keyword_only and not keywords:
            parts.append("*")
            keywords = True
        if keyword.iskeyword(p.name):
            parts += [declaration(p).replace(p.name, p.name + "_", 1), "/"]
        elif p.name == "self":
            parts.append(first if first == "self" else declaration(p).replace("self", first, 1))
        else:
            parts.append(declaration(p))
    return f"def {schema.name}({', '.join(parts)}) -> {result(schema)}: ..."


def result_name(fields: tuple[str, ...]) -> str:
    return "_" + "".join(word.title() for field in fields for word in field.split("_"))


def declared(found: list[str], indent: str = "") -> Iterable[str]:
    for signature in found:
        if len(found) > 1:
            yield indent + "@overload"
        yield indent + signature


def schemas(name: str) -> tuple[_C.Schema, ...]:
    return getattr(_C, name).schemas


def functions() -> Iterable[str]:
    for name in _C.op_names:
        yield from declared([s for schema in schemas(name) for s in signatures(schema, "input")])


def methods() -> Iterable[str]:
    for name in _C.method_names:
        if getattr(_C.Tensor, name) is getattr(_C, name):  # else engine/ has replaced it
            own = [schema for schema in schemas(name) if schema.params[0].name == "self"]
            found = [s for schema in own for s in signatures(schema, "self")]
            yield from declared(found, "    ")


def bound_functions(template: str) -> Iterable[str]:
    """The functions of the module that are no ops, unless the template declares them."""
    for name, function in sorted(vars(_C).items()):
        if isinstance(function, BOUND) and f"def {name}(" not in template:
            yield from declared(
                [s for schema in schemas(name) for s in signatures(schema, "input")]
            )


def members(owner: type) -> Iterable[str]:
    """The constructor and the methods of a class that have a schema."""
    for function in vars(owner).values():
        if isinstance(function, BOUND):
            found = [s for schema in function.schemas for s in signatures(schema, "self")]
            yield from declared([constructor(s, owner.__name__) for s in found], "    ")


def constructor(signature: str, owner: str) -> str:
    plain = signature.replace(f"def {owner}(", "def __init__(self, ").replace("(self, )", "(self)")
    return plain if plain == signature else plain.replace(f"-> {owner}:", "-> None:")


def results() -> Iterable[str]:
    found = {tuple(schema.results) for name in _C.op_names for schema in schemas(name)}
    for fields in sorted(names for names in found if len(names) > 1):
        yield f"class {result_name(fields)}(NamedTuple):"
        yield from (f"    {field}: Tensor" for field in fields)


def operators(template: str) -> Iterable[str]:
    """The number slots: names of Tensor that the template omits."""
    for name, slot in sorted(vars(_C.Tensor).items()):
        if not isinstance(slot, types.WrapperDescriptorType) or f"def {name}(" in template:
            continue
        if len(inspect.signature(slot).parameters) == 1:
            yield f"    def {name}(self) -> Tensor: ..."
        elif name != "__delitem__":
            operand = "Tensor" if "matmul" in name else "_Operand"
            yield f"    def {name}(self, other: {operand}, /) -> Tensor: ..."


def signature(name: str, function: Any) -> str:
    """The signature of a Python function as a method of Tensor."""
    text = str(inspect.signature(function)).replace("'", "")
    text = text.replace("_C.device | str", "_Device").replace("_C.dtype", "_DType")
    text = re.sub(r"\b(bool|float|int)\b", r"_\1", text.replace("_C.", ""))
    return f"def {name}{text}: ..."


def python() -> Iterable[str]:
    """Methods that engine/ adds to Tensor."""
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
        "bound_functions": bound_functions(template),
        **{name: members(getattr(_C, name)) for name in CLASSES},
    }
    return HEAD + template.format_map({part: "\n".join(lines) for part, lines in parts.items()})


if __name__ == "__main__":
    STUB.write_text(text())

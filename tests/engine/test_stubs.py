"""The files generated from the op table are up to date."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType

import pytest

import engine
import make_op_reference
import make_stubs
from engine import _C
from engine.compat.missing_methods import MissingMethod

# Attributes of every module or class, and those that pybind11 adds.
COMMON = {*dir(ModuleType("m")), *dir(object), "__module__", "__dict__", "__weakref__", "__file__"}


@pytest.mark.parametrize(
    ("script", "path"),
    [(make_stubs, make_stubs.STUB), (make_op_reference, make_op_reference.REFERENCE)],
    ids=["stubs", "reference"],
)
def test_the_file_is_current(script: ModuleType, path: Path) -> None:
    current = path.read_text() == script.text()  # not compared in the assert: too long to be shown
    assert current, f"run python scripts/{script.__name__}.py"


def declared(body: list[ast.stmt]) -> set[str]:
    names = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.AnnAssign):
            names.add(ast.unparse(statement.target))
        elif isinstance(statement, ast.Assign):
            names.update(map(ast.unparse, statement.targets))
    return names


def test_the_stub_declares_every_name() -> None:
    body = ast.parse(make_stubs.STUB.read_text()).body
    (tensor,) = [s for s in body if isinstance(s, ast.ClassDef) and s.name == "Tensor"]
    assert set(vars(_C)) - COMMON - declared(body) == set()
    members = {n for n, v in vars(engine.Tensor).items() if not isinstance(v, MissingMethod)}
    assert members - COMMON - declared(tensor.body) - {"__delitem__"} == set()


def test_a_schema_in_pythons_words() -> None:
    def signatures(text: str) -> list[str]:
        return make_stubs.signatures(_C.Schema(text), "self")

    assert signatures("max.dim(Tensor self, *, bool keepdim=False) -> (Tensor a, Tensor b)") == [
        "def max(self, *, keepdim: _bool = False) -> _AB: ..."
    ]
    assert signatures("view(Tensor self, int... shape, *, dtype? dtype=None) -> Tensor") == [
        "def view(self, *shape: _int, dtype: _DType | None = None) -> Tensor: ...",
        "def view(self, shape: _Ints, *, dtype: _DType | None = None) -> Tensor: ...",
    ]
    assert signatures("fill_(Operand self, int from=0, int[] to=[0, 1]) -> Tensor[]") == [
        "def fill_(self, from_: _int = 0, /, to: _Ints = ...) -> tuple[Tensor, ...]: ..."
    ]

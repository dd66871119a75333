"""Checks of the whole project: files, comments, metadata, compiled objects."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
CODE = {".py", ".pyi", ".cpp", ".h", ".cuh", ".cmake", ".toml", ".sh", ""}
TEXT = CODE | {".md", ".txt", ".json", ".yml", ".yaml"}
MAX_LINES = 600
MAX_COLUMNS = 120  # of C++; ruff checks Python

# Split, so that this file does not match.
INDEX_HOSTS = re.compile("pypi" r"\.org|python" r"hosted\.org", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+|opt/wheels)" "/")


def project_files(suffixes: set[str]) -> list[Path]:
    if not (REPOSITORY / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    paths = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return [p for p in paths if p.suffix in suffixes and p.is_file() and p.name != "LICENSE"]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_no_file_is_too_long() -> None:
    files = project_files(CODE - {".pyi"})  # generated
    lengths = {p: len(p.read_text().splitlines()) for p in files}
    assert {str(p): n for p, n in lengths.items() if n > MAX_LINES} == {}


def test_no_line_of_cpp_is_too_long() -> None:
    """Except for the first line of an op's doc, which is the reference's summary."""
    hits = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in project_files({".cpp", ".h"})
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MAX_COLUMNS and 'R"(' not in line
    ]
    assert hits == []


def test_comments_open_with_a_verb_or_noun() -> None:
    """A comment, docstring or op's doc that opens with What or Whether hides its subject."""
    opener = r"(?:What|Who|Whose|Where|How|Which|Whether)(?:ever)?\b"
    hits = []
    for path in project_files({".py", ".cpp", ".h"}):
        mark = "#" if path.suffix == ".py" else "//"
        opening = re.compile(rf'(?:{mark}+ |"""|\.doc\((?:R"\(|")){opener}')
        previous = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            text = line.lstrip()
            continues = text.startswith(mark) and previous.startswith(mark)
            if not continues and opening.search(line):
                hits.append(f"{path.relative_to(REPOSITORY)}:{number}: {text}")
            previous = text
    assert hits == []


# Folders that each folder may include or import besides itself.
INCLUDES = {
    "core": set(),
    "ops": {"core"},
    "autograd": {"core"},
    "transforms": {"core", "autograd"},
    "functors": {"core"},
    "cpu": {"core", "functors"},
    "python": {"core", "autograd", "transforms", "ops", "cpu"},
}
IMPORTS = {"hub": set(), "engine": {"hub"}, "zoo": {"hub", "engine"}}


def test_includes_point_down() -> None:
    hits = [
        f"{path.relative_to(REPOSITORY)}: {included}"
        for path in (REPOSITORY / "csrc").rglob("*.[ch]*")
        for included in re.findall(r'#include "(\w+)/', path.read_text())
        if included not in INCLUDES[folder := path.relative_to(REPOSITORY / "csrc").parts[0]]
        and included != folder
    ]
    assert hits == []


def test_headers_of_core_include_no_dispatch() -> None:
    """Shapes, storage and tensors are below the op table, which is below dispatch."""
    for name in ("tensor", "storage", "dtype", "value", "state", "op", "schema", "elementwise"):
        for path in (REPOSITORY / "csrc" / "core").glob(f"{name}.*"):
            assert "core/dispatch.h" not in path.read_text(), path


def test_imports_point_down() -> None:
    hits = [
        f"{path.relative_to(REPOSITORY)}: {imported}"
        for package, known in IMPORTS.items()
        for path in (REPOSITORY / package).rglob("*.py")
        for imported in re.findall(
            r"^\s*(?:from|import) (hub|engine|zoo)\b", path.read_text(), re.M
        )
        if imported != package and imported not in known
    ]
    assert hits == []


@pytest.mark.parametrize("pattern", [INDEX_HOSTS, MACHINE_PATHS], ids=["index", "machine"])
def test_no_file_depends_on_one_machine(pattern: re.Pattern[str]) -> None:
    """No index or mirror is hard-coded, and no path of one machine."""
    hits = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in project_files(TEXT)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert hits == []


def test_every_dependency_is_explained() -> None:
    project = pyproject()
    extras = project["project"]["optional-dependencies"].values()
    requirements = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(requirement for extra in extras for requirement in extra),
    ]
    names = {re.split(r"[\s<>=;\[]", requirement, maxsplit=1)[0] for requirement in requirements}
    explained = set(re.findall(r"^\| `([\w-]+)`", read("docs/dependencies.md"), re.MULTILINE))
    assert explained == names


def test_the_readme_names_real_targets() -> None:
    pages = read("README.md") + read("CONTRIBUTING.md")
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", pages, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))


def test_the_installed_version_is_this_one() -> None:
    assert metadata.version("bestiary") == pyproject()["project"]["version"]


def read(name: str) -> str:
    return (REPOSITORY / name).read_text()


# Note [One definition per instruction set] in csrc/cmake/isa.cmake.


def objects(pattern: str) -> list[Path]:
    if not shutil.which("objdump"):
        pytest.skip("objdump is not installed")
    builds = [b.parent for b in (REPOSITORY / "build").glob("*/CMakeCache.txt") if not watched(b)]
    found = sorted(path for build in builds for path in build.glob(pattern))
    if not found:
        pytest.skip("no build folder with kernels per instruction set")
    return found


def watched(cache: Path) -> bool:
    """Sanitizers add constructors and variables of their own."""
    return re.search(r"^BESTIARY_SANITIZE:STRING=.", cache.read_text(), re.MULTILINE) is not None


def symbols(path: Path) -> list[tuple[str, str, str]]:
    """Binding flag, section and name of every symbol that the object file defines."""
    command = ["objdump", "--syms", "--demangle", str(path)]
    table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # 0000000000000000  w    F .text._ZN3foo  000000000000000b .hidden foo()
    line = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+\s+(?:\.(?:hidden|internal) )?(.*)$")
    matches = [m for m in map(line.match, table.splitlines()) if m]
    return [(m[1], m[2], m[3]) for m in matches if m[2] != "*UND*"]


def test_kernels_keep_shared_functions_to_themselves() -> None:
    """Otherwise the linker could select AVX-512 code of an inline function for every processor."""
    for path in objects("isa_*.o"):
        merged = [name for binding, _, name in symbols(path) if "w" in binding or "u" in binding]
        assert merged == [], path


def test_kernels_run_nothing_at_load_time() -> None:
    """A static constructor would run before the processor is detected."""
    for path in objects("isa_*.o"):
        headers = subprocess.run(
            ["objdump", "--section-headers", str(path)], check=True, capture_output=True, text=True
        )
        assert not re.search(r"\.(init_array|ctors)", headers.stdout), path


def test_kernels_share_no_variables() -> None:
    """An inline variable or a static local of an inline function would exist once per variant."""
    kernels = "csrc/cpu/isa"
    sources = [source.name for source in (REPOSITORY / kernels).glob("*.cpp")]
    for path in objects(f"CMakeFiles/bestiary_isa_*.dir/{kernels}/*.cpp.o"):
        if path.stem not in sources:
            continue  # a leftover of a removed file
        doubled = [
            name
            for binding, section, name in symbols(path)
            if re.match(r"\.(data(?!\.rel)|bss|tdata|tbss)", section)
            and ("w" in binding or "u" in binding)
        ]
        assert doubled == [], path

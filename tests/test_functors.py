"""The functors of elementwise ops: code for every device, one list of ops per family."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
CSRC, KERNELS = REPOSITORY / "csrc", REPOSITORY / "tests" / "csrc"
HEADERS = sorted(path.name for path in (CSRC / "functors").glob("*.h"))
INCLUDES = [f"-I{CSRC}", f"-I{KERNELS}"]

# NVRTC as far as these headers can tell: no standard library, and C's functions declared.
NVRTC = ["-nostdinc", "-nostdinc++", "-D__CUDACC__", "-D__CUDACC_RTC__", "-D__CUDA_ARCH__=800"]
UNARY = """exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh
    atanh erf erfc cbrt fabs sqrt floor ceil trunc nearbyint lgamma j0 j1 y0 y1"""
BINARY = "pow atan2 copysign fmod hypot nextafter"


def prelude() -> str:
    one = [f"double {f}(double); float {f}f(float);" for f in UNARY.split()]
    two = [f"double {f}(double, double); float {f}f(float, float);" for f in BINARY.split()]
    functions = "\n".join([*one, *two, "int __ffsll(long long);"])
    return f'#define __device__\n#define __global__\nextern "C" {{\n{functions}\n}}\n'


def listed(header: str) -> list[str]:
    """The ops that a header has functors for."""
    text = (CSRC / "functors" / header).read_text()
    return re.findall(r'^    visit\("([\w.]+)"', text, re.MULTILINE)


def kernels_of(headers: list[str]) -> str:
    """A program with a kernel of every functor in these headers, for every type."""
    includes = "".join(f'#include "functors/{h}"\n' for h in headers)
    families = [h.removesuffix(".h") for h in headers if listed(h)]
    calls = "".join(f" {family}_ops(Instantiate());" for family in families)
    return (
        f'{includes}#include "functors.cuh"\n'
        f"namespace bestiary::functors {{\nBESTIARY_HOST void all() {{{calls} }}\n}}\n"
    )


def compile_with(command: list[str], source: Path) -> None:
    answer = subprocess.run(
        [*command, str(source)], capture_output=True, text=True, cwd=source.parent
    )
    assert answer.returncode == 0, answer.stderr[-4000:]


@pytest.mark.parametrize("header", HEADERS)
def test_functors_need_no_standard_library(header: str, tmp_path: Path) -> None:
    compiler = shutil.which("c++")
    if not compiler:
        pytest.skip("no C++ compiler")
    source = tmp_path / "kernels.cpp"
    source.write_text(prelude() + kernels_of([header]))
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-builtin-declaration-mismatch"]
    compile_with([compiler, "-std=c++20", "-fsyntax-only", *warnings, *NVRTC, *INCLUDES], source)


@pytest.mark.parametrize("header", HEADERS)
def test_functions_are_marked_for_devices(header: str) -> None:
    """The host's compiler does not miss the mark, without which nvcc and NVRTC refuse calls."""
    lines = (CSRC / "functors" / header).read_text().splitlines()
    functions = [
        line for line in lines if re.match(r"[^/]*(\binline|operator|explicit|static)\b", line)
    ]
    assert [
        line for line in functions if "BESTIARY_H" not in line and "constexpr bool" not in line
    ] == []


def test_functors_compile_for_a_gpu(tmp_path: Path) -> None:
    compiler = shutil.which("nvcc")
    if not compiler:
        pytest.skip("no nvcc")
    source = tmp_path / "kernels.cu"
    source.write_text(kernels_of(HEADERS))
    unsigned_below_zero = "-diag-suppress=186"
    compile_with(
        [
            compiler,
            "-std=c++20",
            "-gencode",
            "arch=compute_80,code=compute_80",
            "-c",
            "-o",
            "kernels.o",
            "-Werror=all-warnings",
            unsigned_below_zero,
            *INCLUDES,
        ],
        source,
    )


@pytest.mark.parametrize("header", [h for h in HEADERS if listed(h)])
def test_a_family_has_one_name(header: str) -> None:
    """The rows, the functors, the loops and the tests of an op are in files of one name."""
    family = header.removesuffix(".h")
    rows = (CSRC / "ops" / f"{family}.cpp").read_text()
    declared = set(re.findall(r'^OP\("(\w+)', rows, re.MULTILINE))
    assert {op.split(".")[0] for op in listed(header)} <= declared
    assert (CSRC / "cpu" / "isa" / f"{family}.cpp").exists()
    assert (REPOSITORY / "tests" / "engine" / "ops" / f"rows_{family}.py").exists()

"""Runs one program in this process: `python launch.py FRAMEWORK LINES PROGRAM [ARGUMENTS]`.

FRAMEWORK is `engine` or `torch`. PROGRAM is a script, or `-m MODULE`. The program is ended with
success after LINES lines of output (0: no limit), as some train until they are good.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

_HERE = Path(__file__).resolve().parent


def _helper(name: str) -> ModuleType:
    """A module of this folder under a name of its own: programs have a `tests` too."""
    spec = importlib.util.spec_from_file_location(f"compat_{name}", _HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Limited:
    """Standard output that ends the program after a number of lines."""

    def __init__(self, stream: TextIO, lines: int) -> None:
        self._stream, self._left = stream, lines

    def write(self, text: str) -> int:
        written = self._stream.write(text)
        self._left -= text.count("\n")
        if self._left <= 0:
            self._stream.flush()
            os._exit(0)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> None:
    framework, lines, *program = sys.argv[1:]
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != _HERE]
    sys.path.insert(0, str(_HERE / "shims"))
    if framework == "engine":
        sys.path.insert(0, str(_HERE.parent.parent))
        _helper("alias").install()
    import torch

    _helper("randomness").share_random_numbers(torch)
    _helper("offline").answer_downloads()
    torch.set_num_threads(1)
    if int(lines):
        sys.stdout = _Limited(sys.stdout, int(lines))  # type: ignore[assignment]
    if program[0] == "-m":
        sys.argv = program[1:]
        sys.path.insert(0, "")
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = program
        sys.path.insert(0, str(Path(program[0]).resolve().parent))
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()

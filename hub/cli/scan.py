"""The command that scans weight files for code: scan."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from hub import api
from hub.cli.common import print_json
from hub.cli.program import Program
from hub.errors import FormatError, HubError
from hub.text import format_count

if TYPE_CHECKING:
    from hub.formats import ScanReport

# Files beside weights that are not scanned.
_NOT_WEIGHTS = (
    (".c", ".cfg", ".cpp", ".css", ".csv", ".gif", ".gitattributes", ".gitignore", ".h", ".html")
    + (".ipynb", ".jpeg", ".jpg", ".js", ".json", ".jsonl", ".log", ".md", ".model", ".pdf", ".png")
    + (".py", ".rst", ".sh", ".svg", ".tiktoken", ".toml", ".tsv", ".txt", ".webp", ".yaml", ".yml")
)


def register(program: Program) -> None:
    scan = program.add("scan", _scan)
    scan.add_argument("targets", metavar="FILE|DIR|REF", nargs="+", help="what to scan")


def _scan(options: argparse.Namespace) -> int:
    """List every global of weight files that may run code, and why a file would be refused.

    Pickles are followed instruction by instruction, also in nested archives, and nothing that
    they name is imported or run. The exit status is 1 if anything is dangerous.

    examples:
      hub scan weights.pth
      hub scan models/ --json
      hub scan pypi:some-model==1.0/some_model/weights.pth
    """
    found = {str(path): _report(path) for target in options.targets for path in _files(target)}
    if options.json:
        print_json([_as_json(file, report) for file, report in found.items()])
    else:
        for file, report in found.items():
            _print(file, report)
        dangerous = sum(report.dangerous for report in found.values())
        print(f"{format_count(len(found), 'file')}, {dangerous} dangerous")
    return 1 if any(report.dangerous for report in found.values()) else 0


def _files(target: str) -> Iterator[Path]:
    """The files of an argument; of a folder those that may be weights."""
    path = Path(target)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        yield from (file for file in files if not file.name.lower().endswith(_NOT_WEIGHTS))
    elif path.exists() or ":" not in target:
        if not path.is_file():
            raise HubError(f"{target}: there is no such file")
        yield path
    else:
        yield api.download(target)


def _report(path: Path) -> ScanReport:
    from hub.formats import ScanReport, scan

    try:
        return scan(path)
    except FormatError as error:  # empty, or cannot be opened
        return ScanReport(refusal=error)


def _state(report: ScanReport) -> str:
    if report.dangerous:
        return "DANGER"
    return "refused" if report.refusal is not None else "ok"


def _as_json(file: str, report: ScanReport) -> dict[str, object]:
    return {
        "file": file,
        "state": _state(report).lower(),
        "globals": [asdict(use) for use in report.globals],
        "problems": [str(problem) for problem in report.problems],
        "refusal": None if report.refusal is None else str(report.refusal),
    }


def _print(file: str, report: ScanReport) -> None:
    print(f"{_state(report):<8} {_shown(file)}")
    for use in report.globals:
        if not use.allowed:
            where = "" if use.file == file else f" of {_shown(use.file)}"
            print(
                f"{'':<8} names {_shown(f'{use.module}.{use.name}')} at byte {use.position}{where}"
            )
    for problem in report.problems:
        print(f"{'':<8} cannot be followed to its end: {_shown(problem)}")
    if report.refusal is not None:
        print(f"{'':<8} is refused: {_shown(report.refusal)}")


def _shown(text: object) -> str:
    """Text of a file without control characters, for the terminal."""
    plain = str(text)[:300]
    return plain if plain.isprintable() else plain.encode("unicode_escape").decode()

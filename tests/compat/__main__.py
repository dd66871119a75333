"""`make compat`: runs the table of programs and prints a verdict for each.

python -m tests.compat [--without-peer] [NAME ...]

The programs are read from the folder BESTIARY_PROGRAMS. Each runs in its own process on a copy of
its folder, once on the engine and, if PyTorch is installed, once on PyTorch with the same random
numbers; the printed numbers are compared.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.compat import data
from tests.compat.programs import PROGRAMS, Program

_LAUNCH = Path(__file__).with_name("launch.py")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\bnan\b|\binf\b")
_SECONDS = 900


@dataclass(frozen=True)
class _Outcome:
    """The result of one program on one framework."""

    ok: bool
    output: str
    errors: str

    def reason(self) -> str:
        lines = [x for x in (self.output + "\n" + self.errors).splitlines() if x.strip()]
        said = [x for x in lines if re.match(r"(E +)?[\w.]*(Error|Exception|Missing\w*)\b", x)]
        return (said or lines or ["no output"])[-1].strip()


def _run(program: Program, framework: str, source: Path) -> _Outcome:
    with tempfile.TemporaryDirectory(prefix="compat-") as temporary:
        folder = Path(temporary) / "work" / "program"
        if program.folder:
            skipped = shutil.ignore_patterns(".git", "__pycache__")
            shutil.copytree(source / program.folder, folder, ignore=skipped)
        else:
            folder.mkdir(parents=True)
        for kind in program.needs:
            data.lay_out(kind, folder)
        for file, old, new in program.changes:
            _replace(folder / file, old, new)
        imports = [folder, *(source / path for path in program.imports)]
        output = errors = ""
        for command in program.commands:
            done = _execute(command, framework, program, imports)
            output, errors = output + done.output, errors + done.errors
            if not done.ok:
                return _Outcome(False, output, errors)
    return _Outcome(True, output, errors)


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{file}: expected {old!r} once, found it {text.count(old)} times")
    file.write_text(text.replace(old, new))


def _execute(command: str, framework: str, program: Program, imports: list[Path]) -> _Outcome:
    words = shlex.split(command.replace("{tools}", str(_LAUNCH.parent)))
    line = [sys.executable, str(_LAUNCH), framework, str(program.lines), *words]
    settings = {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "MPLBACKEND": "Agg"}
    settings["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # for programs older than that check
    try:
        done = subprocess.run(
            line,
            cwd=imports[0],
            env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(map(str, imports))},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return _Outcome(False, "", f"TimeoutError: not done after {_SECONDS} seconds")
    return _Outcome(done.returncode == 0, done.stdout, done.stderr)


def _numbers(text: str, ignore: str) -> list[float]:
    return [float(x) for x in _NUMBER.findall(re.sub(ignore, "", text))]


def _gap(x: float, y: float, floor: float) -> float:
    if x == y or (math.isnan(x) and math.isnan(y)):
        return 0.0
    gap = abs(x - y) / max(abs(y), floor)
    return gap if math.isfinite(gap) else math.inf


def _difference(
    program: Program, ours: str, theirs: str, ends_early: bool = False
) -> tuple[float, int]:
    """The largest relative difference of the printed numbers, and how many there are.

    Infinite if one prints more numbers than the other, unless the engine's ends early by design.
    """
    a, b = _numbers(ours, program.ignore), _numbers(theirs, program.ignore)
    b = b[: len(a)] if ends_early else b
    if len(a) != len(b):
        return math.inf, len(b)
    gaps = [_gap(x, y, program.floor) for x, y in zip(a, b, strict=True)]
    return max(gaps, default=0.0), len(b)


def _verdict(program: Program, source: Path, with_peer: bool, logs: Path) -> tuple[str, str]:
    """The verdict as a word and a sentence."""
    if program.folder and not (source / program.folder).is_dir():
        return "absent", f"there is no {program.folder} in BESTIARY_PROGRAMS"
    ours = _run(program, "engine", source)
    log = logs / (re.sub(r"\W+", "_", program.name) + ".engine.txt")
    log.write_text(ours.output + ours.errors)
    if with_peer:
        theirs = _run(program, "torch", source)
        log.with_suffix("").with_suffix(".torch.txt").write_text(theirs.output + theirs.errors)
    if not ours.ok and with_peer and not theirs.ok and "pytest" not in program.commands[0]:
        return "unusable", f"PyTorch stops too: {theirs.reason()}"
    if "pytest" in program.commands[0] and with_peer:
        return _compare_tests(program, ours, theirs)
    refused = bool(program.refused) and program.refused in ours.errors
    if not ours.ok and not refused:
        return "stops", ours.reason()
    if not with_peer:
        return "ran", "not compared"
    gap, count = _difference(program, ours.output, theirs.output, refused)
    if program.tolerance is not None and gap > program.tolerance:
        return "differs", f"{count} numbers, by up to {gap:.1e} (at most {program.tolerance:.0e})"
    if not count and program.tolerance is not None:
        return "unusable", "it prints no numbers to compare"
    until = " until it saves a whole module, which is refused" if refused else ""
    return "refused" if refused else "ran", f"{count} numbers within {gap:.1e} of PyTorch's{until}"


def _counts(outcome: _Outcome) -> dict[str, int]:
    found = re.findall(r"(\d+) (passed|failed|skipped|error)", outcome.output)
    return {word: int(n) for n, word in found}


def _compare_tests(program: Program, ours: _Outcome, theirs: _Outcome) -> tuple[str, str]:
    """Compare the results of tests and the numbers that they print.

    Tests that fail on PyTorch too are ignored: they expect a download, or PyTorch's own generator.
    """
    failed = {
        o: set(re.findall(r"^(?:FAILED|ERROR) (\S+)", o.output, re.M)) for o in (ours, theirs)
    }
    only_ours = sorted(failed[ours] - failed[theirs])
    passed = _counts(ours).get("passed", 0)
    if only_ours or passed < _counts(theirs).get("passed", 0):
        return "stops", f"{len(only_ours)} tests fail here alone: {ours.reason()}"
    gap, count = _difference(
        program, *(re.sub(r"^=+ .*=+$", "", o.output, flags=re.M) for o in (ours, theirs))
    )
    if not passed and not count:
        return "unusable", f"no test passes on PyTorch either: {theirs.reason()}"
    if program.tolerance is not None and gap > program.tolerance:
        return "differs", f"{count} numbers, by up to {gap:.1e} (at most {program.tolerance:.0e})"
    beyond = f"; {len(failed[theirs])} fail on PyTorch too" if failed[theirs] else ""
    return "ran", f"{passed} tests pass as on PyTorch, {count} numbers within {gap:.1e}{beyond}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.compat", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of the programs to run")
    parser.add_argument("--without-peer", action="store_true", help="do not run PyTorch beside")
    parser.add_argument("--logs", type=Path, default=Path("build/compat"))
    options = parser.parse_args()
    source = os.environ.get("BESTIARY_PROGRAMS", "")
    if not source or not Path(source).is_dir():
        print(
            "compat: set BESTIARY_PROGRAMS to a folder with checkouts of the programs: "
            "examples, nanoGPT, minGPT, micrograd, cleanrl, vit-pytorch, LLMs-from-scratch"
        )
        return 0
    options.logs.mkdir(parents=True, exist_ok=True)
    peer = importlib.util.find_spec("torch") is not None and not options.without_peer
    chosen = [p for p in PROGRAMS if not options.names or any(n in p.name for n in options.names)]
    bad = 0
    for program in chosen:
        word, sentence = _verdict(program, Path(source), peer, options.logs)
        bad += word in ("stops", "differs")
        print(f"{program.name:44} {word:9} {sentence[:150]}", flush=True)
    print(
        f"{len(chosen) - bad} of {len(chosen)} programs as they should; output in {options.logs}/"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

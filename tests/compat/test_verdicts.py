"""Verdicts of the runner: programs with other output must not pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat import __main__ as runner, data, offline
from tests.compat.programs import PROGRAMS, Program


def outcome(output: str, ok: bool = True) -> runner._Outcome:
    return runner._Outcome(ok, output, "")


def test_numbers_are_compared_pairwise() -> None:
    program = Program("a", "a", ("a.py",), ignore=r"time [\d.]+")
    difference = runner._difference
    assert difference(program, "loss 1.50, time 3", "loss 1.5, time 4") == (0.0, 1)
    assert difference(program, "loss 1.6e-1", "loss 0.2")[0] == pytest.approx(0.2)
    assert difference(program, "1 2", "1")[0] == float("inf")
    assert difference(program, "nan", "1.0")[0] == float("inf")
    assert difference(program, "nan inf", "nan inf") == (0.0, 2)


def test_reports_of_tests_count_only_what_fails_here_alone() -> None:
    both = "FAILED tests.py::a - x\n1 failed, 3 passed in 2s\n"
    alone = "FAILED tests.py::a - x\nFAILED tests.py::b - y\n2 failed, 2 passed in 2s\n"
    program = Program("a", "a", ("-m pytest a.py",))

    def compare(ours: runner._Outcome, theirs: runner._Outcome) -> tuple[str, str]:
        return runner._compare_tests(program, ours, theirs)

    assert compare(outcome(both), outcome(both)) == (
        "ran",
        "3 tests pass as on PyTorch, 2 numbers within 0.0e+00; 1 fail on PyTorch too",
    )
    assert compare(outcome(alone), outcome(both))[0] == "stops"
    assert compare(outcome("", ok=False), outcome(both))[0] == "stops"
    assert compare(outcome("x failed"), outcome("x failed"))[0] == "unusable"
    assert compare(outcome("loss 1.5\n" + both), outcome("loss 2.5\n" + both))[0] == "differs"


def test_changes_are_made_once(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("save(model)\nsave(other)\n")
    runner._replace(file, "save(model)", "save(state)")
    assert file.read_text() == "save(state)\nsave(other)\n"
    with pytest.raises(ValueError, match="once, found it 2 times"):
        runner._replace(file, "save(", "store(")


def test_downloads_come_from_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTIARY_PROGRAMS", str(tmp_path))
    (tmp_path / "book" / "data").mkdir(parents=True)
    (tmp_path / "book" / "data" / "a.json").write_text("[1]")
    base = "https://raw.githubusercontent.com/owner/book/main/data/"
    assert offline._content(base + "a.json") == b"[1]"
    assert offline._content(base + "story.txt").startswith(b"The painter")
    with pytest.raises(OSError, match="no network here"):
        offline._content(base + "b.json")


def test_reasons_are_the_last_error() -> None:
    text = "Traceback\n  File x\nTypeError: add: expected\n"
    assert runner._Outcome(False, "loss 1", text).reason() == "TypeError: add: expected"


def test_without_a_folder_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BESTIARY_PROGRAMS", raising=False)
    monkeypatch.setattr("sys.argv", ["compat"])
    assert runner.main() == 0 and "set BESTIARY_PROGRAMS" in capsys.readouterr().out


def test_each_program_has_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BESTIARY_MNIST", raising=False)
    monkeypatch.delenv("BESTIARY_TEXT", raising=False)
    (tmp_path / "program" / "data" / "shakespeare_char").mkdir(parents=True)
    for kind in sorted({kind for program in PROGRAMS for kind in program.needs}):
        data.lay_out(kind, tmp_path / "program")
    assert (tmp_path / "data" / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").stat().st_size == 208
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)

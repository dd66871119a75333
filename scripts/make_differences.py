"""Writes docs/differences.md: PyTorch's missing names, and differences in behaviour."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.compat.differences import BEHAVIOUR
from engine.compat.missing_names import MISSING
from engine.compat.paths import NOT_YET

PAGE = Path(__file__).resolve().parent.parent / "docs" / "differences.md"
HEAD = """\
<!-- Generated from engine/compat by `python scripts/make_differences.py`: do not edit. -->
# Differences from PyTorch

Programs written for PyTorch run after `import engine as torch`, but for what is listed here. The
error that a missing name raises says the same.

## Differences in behaviour
"""


def lines() -> Iterable[str]:
    yield from (f"- **{title}.** {text}" for title, text in BEHAVIOUR.items())
    yield "\n## Modules that are not implemented yet\n"
    yield "Importing them is allowed; using a name of theirs is an error.\n"
    yield from (f"- `engine.{module}`: {reason}" for module, reason in NOT_YET.items())
    for module, groups in MISSING.items():
        yield f"\n## Names that `{module}` lacks\n"
        for answer, names in groups.items():
            listed = ", ".join(f"`{name}`" for name in names.split())
            yield f"- {answer}: {listed}"


def text() -> str:
    return HEAD + "\n" + "\n".join(lines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text())

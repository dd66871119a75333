"""Writes docs/ops.md, the reference of the op table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from engine import _C

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "ops.md"
HEAD = """\
<!-- Generated from the op table by `python scripts/make_op_reference.py`: do not edit. -->
# Ops

Each is `engine.name(...)`, and where its first argument is `self` also a method of `Tensor`; `self`
may be given as `input=`, `dim` as `axis=` and `keepdim` as `keepdims=`. `Operand` is a tensor or a
number, `int...` a list or separate arguments, `?` means that None is accepted. Several results
are a named tuple. A name that ends in an underscore writes into its first argument.
"""


def sections() -> Iterable[str]:
    public = [name for name in _C.op_names if not name.startswith("_")]
    for name in public:
        if name.removesuffix("_") in public and name.endswith("_"):
            continue  # shown with its functional form
        text = getattr(_C, name).__doc__.strip()
        if f"{name}_" in public:
            text += f"\n\nIn place: `{name}_`."
        yield f"## {name}\n{fenced(text)}\n"


def fenced(text: str) -> str:
    """Schemas and examples as blocks of code."""
    text = re.sub(r"^``(.*->.*)``$", r"```\n\1\n```", text, flags=re.MULTILINE)
    return re.sub(r"^>>> .*?(?=\n\n(?!>>>)|\Z)", r"```python\n\g<0>\n```", text, flags=re.M | re.S)


def text() -> str:
    return "\n".join([HEAD, *sections()])


if __name__ == "__main__":
    REFERENCE.write_text(text())

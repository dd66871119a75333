"""A failing case as a test that passes once it is fixed."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import numpy as np

from .case import Case
from .comparison import Difference
from .execution import Outcome, Result, cotangent, pair, run


def as_test(case: Case, found: Difference, number: int) -> str:
    """The source of a test, after ``import math, pytest, engine``; layouts are from `LAYOUTS`."""
    import torch

    name = re.sub(r"\W+", "_", case.target).strip("_").lower()
    theirs = None if found.kind in ("crash", "hang") else run(torch, pair(case.target)[1], case)
    body = _body(case, found, theirs)
    return f"def test_{name}_{number}() -> None:\n{textwrap.indent(body, '    ')}"


def _body(case: Case, found: Difference, theirs: Outcome | None) -> str:
    shown = "\n".join(f"# {line}"[:150] for line in str(found).splitlines()[:6])
    if theirs is None:
        return f"{shown}\n{case.call()}"
    if theirs.error:
        return f"{shown}\nwith pytest.raises(Exception):\n    {case.call()}"
    lines = [shown, f"result = {case.call()}"]
    results = theirs.results()
    for i, result in enumerate(results):
        one = f"result[{i}]" if len(results) > 1 else "result"
        lines.append(f"engine.testing.assert_close({one}, {_literal(result)}, equal_nan=True)")
    for gradient in theirs.gradients:
        sent = [cotangent(r.shape).tolist() for r in results if r.requires_grad]
        shown = "None" if gradient is None else _literal(gradient)
        lines.append(f"# the gradient of {sent} is {shown}")
    return "\n".join(lines)


def _literal(result: Result) -> str:
    text = f"engine.tensor({_numbers(result.values)}, dtype=engine.{result.dtype})"
    return (
        text if result.values.size else f"engine.zeros({result.shape}, dtype=engine.{result.dtype})"
    )


def _numbers(values: np.ndarray) -> Any:
    return repr(values.tolist()).replace("nan", "math.nan").replace("inf", "math.inf")

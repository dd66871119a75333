"""Every row of every rows_*.py beside this file."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from engine import _C

from . import framework
from .framework import Row

# Ops without a row, with the files that test them.
EXEMPT = {
    "test_random.py": """bernoulli bernoulli_ dropout dropout_ exponential_ multinomial normal
        normal_ rand rand_like randint randint_like randn randn_like random_ randperm uniform_""",
    "../distributions": "binomial cauchy_ geometric_ log_normal_ poisson",
    "test_copy.py": "empty empty_like empty_strided new_empty to",
    "../optim": "adam_step_ rmsprop_step_ sgd_step_",
}
ROWS: list[Row] = [
    row
    for path in sorted(Path(__file__).parent.glob("rows_*.py"))
    for row in importlib.import_module(f".{path.stem}", __package__).ROWS
]


def test_every_op_has_a_row() -> None:
    names = {row.op for row in ROWS}
    names |= {f"{row.op}_" for row in ROWS if row.in_place}
    exempt = {name for text in EXEMPT.values() for name in text.split()}
    public = {name for name in _C.op_names if not name.startswith("_")}
    assert public - names - exempt == set()
    assert exempt & names == exempt - public == set()


@pytest.mark.parametrize("row, dtype", framework.cases(ROWS))
def test_value(row: Row, dtype: str) -> None:
    framework.check_value(row, dtype)


@pytest.mark.parametrize("row", framework.named([r for r in ROWS if r.layout]))
def test_layout(row: Row) -> None:
    framework.check_layout(row)


@pytest.mark.parametrize("row", framework.named([r for r in ROWS if r.empty]))
def test_empty(row: Row) -> None:
    framework.check_empty(row)


@pytest.mark.parametrize("row", framework.named([r for r in ROWS if r.grad]))
def test_grad(row: Row) -> None:
    framework.check_grad(row)

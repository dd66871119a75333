"""Every row of every rows_*.py beside this file."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from . import framework
from .framework import Row

ROWS: list[Row] = [
    row
    for path in sorted(Path(__file__).parent.glob("rows_*.py"))
    for row in importlib.import_module(f".{path.stem}", __package__).ROWS
]


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

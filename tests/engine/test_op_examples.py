"""The examples in the docs of the op table and of the package, as doctests."""

from __future__ import annotations

import doctest

import pytest

import engine
from engine import _C

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples() -> list[doctest.DocTest]:
    # doctest's finder looks only at functions and classes.
    parser = doctest.DocTestParser()
    docs = {"engine": engine.__doc__, **{name: getattr(_C, name).__doc__ for name in _C.op_names}}
    found = [parser.get_doctest(doc, {"engine": engine}, n, None, None) for n, doc in docs.items()]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("test", examples(), ids=lambda test: test.name)
def test_example(test: doctest.DocTest) -> None:
    said: list[str] = []
    engine.manual_seed(0)
    results = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append)
    assert results.failed == 0, "".join(said)


def test_every_op_has_an_example() -> None:
    """Except for in-place forms and aliases, whose docs refer to another op."""
    docs = {n: getattr(_C, n).__doc__ for n in _C.op_names if not n.startswith("_")}
    without = [n for n, doc in docs.items() if ">>>" not in doc and "Alias of" not in doc]
    assert [n for n in without if not n.endswith("_") or n[:-1] not in docs] == []

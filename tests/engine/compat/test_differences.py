from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import engine
from engine.compat import differences
from engine.compat.missing_names import MISSING


def test_the_page_is_up_to_date(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(repository / "scripts"))
    import make_differences

    page = repository / "docs" / "differences.md"
    assert page.read_text() == make_differences.text(), "run scripts/make_differences.py"


@pytest.mark.parametrize("module", MISSING)
def test_missing_names_are_missing_and_say_so(module: str) -> None:
    owner = engine.Tensor if module == "engine.Tensor" else importlib.import_module(module)
    there = [n for names in MISSING[module].values() for n in names.split() if hasattr(owner, n)]
    assert not there, f"take out of engine/compat/missing_names.py: {there}"
    for answer, names in MISSING[module].items():
        for name in names.split():
            with pytest.raises(AttributeError, match=name) as raised:
                getattr(owner, name)
            assert answer in str(raised.value), name


def test_missing_methods_stay_out_of_the_way() -> None:
    x = engine.ones(1)
    assert not hasattr(x, "to_sparse") and "to_sparse" not in dir(x)
    x.to_sparse = 3
    assert x.to_sparse == 3
    assert getattr(x, "smm", None) is None


def test_answers_of_modules_that_wait() -> None:
    assert differences.answer("engine.nn.modules.conv", "no_such_layer") is None
    with pytest.raises(
        AttributeError, match=r"jit.trace_module: TorchScript is not implemented yet"
    ):
        engine.jit.trace_module(None)

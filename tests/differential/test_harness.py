"""The differential harness finds differences and shrinks them."""

from __future__ import annotations

import numpy as np
import pytest

from .case import Case, TensorArg
from .comparison import check, compare
from .execution import Outcome, Result
from .shrinking import shrink


def test_a_case_shrinks_to_what_makes_it_fail() -> None:
    wide = TensorArg(np.arange(60.0).reshape(3, 4, 5), "float16", "transposed", grad=True)
    case = Case("add", (wide, TensorArg(np.ones((4, 5)), "float32")), {"alpha": 7})
    small = shrink(case, lambda c: any(4 in t.values.shape for t in c.tensors()))
    (tensor,) = small.tensors()
    assert small.kwargs == {}
    assert tensor.values.size == 4 and not tensor.values.any()
    assert (tensor.dtype, tensor.layout, tensor.grad) == ("float32", "contiguous", False)


def result(values: list[float], dtype: str = "float32", requires_grad: bool = False) -> Result:
    return Result(dtype, (len(values),), np.array(values), requires_grad)


@pytest.mark.parametrize(
    "ours, theirs, kind",
    [
        (Outcome(error="TypeError"), Outcome(answer=result([1.0])), "raises"),
        (Outcome(answer=result([1.0])), Outcome(error="TypeError"), "accepts"),
        (Outcome(answer=result([1.0])), Outcome(answer=[result([1.0])]), "structure"),
        (Outcome(answer=result([1.0])), Outcome(answer=result([1.0], "float64")), "dtype"),
        (Outcome(answer=result([1.0])), Outcome(answer=result([1.0, 1.0])), "shape"),
        (
            Outcome(answer=result([1.0])),
            Outcome(answer=result([1.0], requires_grad=True)),
            "requires_grad",
        ),
    ],
)
def test_differences(ours: Outcome, theirs: Outcome, kind: str) -> None:
    found = compare(Case("add"), ours, theirs)
    assert found is not None and found.kind == kind


def test_equal_outcomes_do_not_differ() -> None:
    one, other = (Outcome(answer=[result([1.0, np.nan]), 3]) for _ in range(2))
    assert compare(Case("add"), one, other) is None


def test_wrong_values_and_gradients_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is here in `make differential` only")
    import engine

    case = Case("mul", (TensorArg(np.array([1.0, 2.0]), "float32", grad=True), 3))
    assert check(case) is None
    for wrong, kind in (
        (lambda x, y: engine.mul(x, y) + 1, "value"),
        (lambda x, y: engine.mul(x, y) + x - x.detach(), "gradient"),
    ):
        monkeypatch.setattr(
            "tests.differential.comparison.pair", lambda target, wrong=wrong: (wrong, torch.mul)
        )
        found = check(case)
        assert found is not None and found.kind == kind

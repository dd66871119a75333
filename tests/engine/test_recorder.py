"""The recorder of leaf ops."""

from __future__ import annotations

import pytest

import engine
from engine import nn
from engine.nn import functional as F
from engine.recorder import Step, Value, record


def ops(steps: list[Step]) -> list[str]:
    return [step.op for step in steps]


def test_steps_have_the_names_and_arguments_of_the_schema() -> None:
    x, weight = engine.ones(2, 3), engine.ones(4, 3)
    with record() as recording:
        y = F.relu(F.linear(x, weight))
    linear, relu = recording.steps
    assert linear == Step(
        "linear",
        {"input": Value(0), "weight": Value(1), "bias": None},
        (Value(2),),
    )
    assert relu.args == {"self": Value(2)} and relu.schema.name == "relu"
    assert recording.inputs == [Value(0), Value(1)] and len(recording) == 2
    assert recording.tensor(relu.results[0]) is y and recording.value(y) == Value(3)
    with pytest.raises(ValueError, match="not part of this recording"):
        recording.value(engine.ones(1))


def test_overloads_lists_and_writes() -> None:
    x = engine.arange(6.0).view(2, 3)
    with record() as recording:
        values, _ = engine.cat([x, x]).max(dim=0)
        values.mul_(2)
    cat, top, mul = recording.steps
    assert cat.args["tensors"] == [Value(0), Value(0)]
    assert top.op == "max.dim" and len(top.results) == 2
    assert mul.op == "mul_" and mul.results == (mul.args["self"],)


def test_the_gradient_reads_the_tensors_that_the_forward_pass_computed() -> None:
    layer, x = nn.Linear(3, 4), engine.ones(2, 3)
    with record() as recording:
        F.relu(layer(x)).sum().backward()
    relu, backward = (
        next(step for step in recording.steps if step.op == op) for op in ("relu", "_relu_backward")
    )
    assert backward.args["output"] == relu.results[0]
    assert set(recording.inputs) == {recording.value(t) for t in (x, layer.weight, layer.bias)}


def test_a_recording_reads_as_a_program() -> None:
    with record() as recording:
        engine.ones(2, 3).exp()
    assert str(recording).splitlines()[-1] == "%1 = exp(%0): float32[2, 3]"


def test_an_exception_ends_the_recording() -> None:
    with pytest.raises(RuntimeError), record() as recording:
        engine.ones(2) @ engine.ones(3)
    engine.ones(2).exp()
    assert "exp" not in ops(recording.steps)

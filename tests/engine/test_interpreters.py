"""The stack of interpreters: autocast, profiler, recorder, anomaly mode."""

from __future__ import annotations

import pytest

import engine
from engine import _C, amp, nn
from engine.nn import functional as F

X = engine.arange(6.0).reshape(2, 3)


def test_autocast_chooses_by_op() -> None:
    weight = engine.ones(3, 3)
    with amp.autocast("cpu"):
        assert (X @ weight).dtype == engine.bfloat16
        assert (X + 1).dtype == engine.float32  # not cast
        assert F.mse_loss(X @ weight, X).dtype == engine.float32
        assert engine.cat([X, X @ weight]).dtype == engine.float32
        assert (X.double() @ weight.double()).dtype == engine.float64
        assert (
            amp.is_autocast_enabled("cpu") and engine.get_autocast_dtype("cpu") == engine.bfloat16
        )
        with amp.autocast("cpu", enabled=False):
            assert (X @ weight).dtype == engine.float32 and not amp.is_autocast_enabled("cpu")
        with amp.autocast("cpu", dtype=engine.float16):
            assert (X @ weight).dtype == engine.float16
        assert (X @ weight).dtype == engine.bfloat16
    assert (X @ weight).dtype == engine.float32 and not amp.is_autocast_enabled("cpu")


def test_autocast_of_a_network() -> None:
    engine.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
    head = nn.Linear(4 * 36, 5)
    x, target = engine.randn(2, 3, 8, 8), engine.tensor([1, 3])
    plain = F.cross_entropy(head(model(x)), target)

    @engine.autocast("cpu")
    def loss() -> engine.Tensor:
        return F.cross_entropy(head(model(x)), target)

    found = loss()
    assert found.dtype == engine.float32 and abs(found.item() - plain.item()) < 0.05
    found.backward()
    plain.backward(retain_graph=True)
    assert head.weight.grad.dtype == model[0].weight.grad.dtype == engine.float32


def test_autocast_converts_a_weight_once() -> None:
    layer = nn.Linear(3, 3)
    with Recorded() as recorded, amp.autocast("cpu"):
        layer(X)
        layer(X)
        with engine.no_grad():
            layer.weight.add_(1.0)
        assert engine.equal(layer(X), F.linear(X, layer.weight, layer.bias))
    converted = [args for name, args, _ in recorded.steps() if name == "_convert"]
    assert len(converted) == 7  # X four times, the weight before and after the write, the bias


class Recorded:
    def __enter__(self) -> _C._Recorder:
        self.recorder = _C._Recorder()
        self.recorder.enter()
        return self.recorder

    def __exit__(self, *_: object) -> None:
        self.recorder.leave()


def test_a_recording_has_leaf_ops_only() -> None:
    weight, bias = engine.ones(4, 3), engine.zeros(4)
    with Recorded() as recorded:
        y = F.relu(F.linear(X, weight, bias))
        y.mul_(2).view(-1)
    names = [name for name, _, _ in recorded.steps()]
    assert names == ["linear", "relu", "mul_", "_view"]
    assert [n.item() for n in recorded.tensors()[-1][:2]] == y[0, :2].tolist()
    assert recorded.steps()[2][1] == [("tensor", recorded.number(y)), 2]
    assert recorded.steps()[2][2] == [recorded.number(y)]
    assert recorded.inputs() == [recorded.number(t) for t in (X, weight, bias)]


def test_a_recording_has_every_birth() -> None:
    with Recorded() as recorded:
        engine.zeros(2), engine.ones(2), engine.empty(2), engine.rand(2), engine.arange(3.0)
        engine.full((2,), 3.0), engine.zeros_like(X), X.detach(), engine.eye(2), X.new_ones(2)
        F.dropout(X, 0.5), engine.randperm(4), engine.bernoulli(X * 0.1), engine.tril(X)
        F.scaled_dot_product_attention(X[None], X[None], X[None], is_causal=True)
    made = {number for _, _, results in recorded.steps() for number in results}
    inputs = {number for number in range(len(recorded.tensors())) if number not in made}
    assert inputs == {recorded.number(X)}


def test_dropout_of_a_recording_has_a_new_mask() -> None:
    engine.manual_seed(0)
    with Recorded() as recorded:
        F.dropout(X, 0.5)
    (_, args, results) = recorded.steps()[-1]
    assert args[1:] == [0.5, None] and len(results) == 2  # without the seed
    y = engine._C._dropout(X, 0.5)
    assert engine.equal(engine._C._dropout_again(X, 0.5, y.state), y.kept)


def test_the_profiler_sees_compositions_and_their_ops() -> None:
    profiler = _C._Profiler(True, True)
    x = engine.ones(3, requires_grad=True)
    profiler.enter()
    profiler.open("step")
    engine.nn.functional.mse_loss(x, engine.zeros(3)).backward()
    profiler.close()
    profiler.leave()
    (x * 2).sum()
    events = profiler.take()
    names = [event[0] for event in events]
    assert names[0] == "step" and "mse_loss" in names and "mean" in names and "mul" in names
    depth = {event[0]: event[3] for event in events}
    assert depth["step"] == 0 and depth["mse_loss"] == 1 and depth["mean"] == 2
    assert all(begin <= end for _, begin, end, _, _, _ in events)
    assert [tuple(s) for s in events[names.index("mse_loss")][5]] == [(3,), (3,)]
    assert names.count("mul") < 5 and "sum" not in names[-1:]


def test_an_error_leaves_the_stack_as_it_was() -> None:
    profiler, other = _C._Profiler(False, False), engine.ones(7, 7)
    profiler.enter()
    with pytest.raises(RuntimeError, match="matmul"):
        X @ other
    X + 1
    profiler.leave()
    assert [event[3] for event in profiler.take()] == [0, 0]


def test_modes_may_be_left_in_any_order() -> None:
    first, second = _C._Profiler(False, False), _C._Profiler(False, False)
    first.enter()
    second.enter()
    first.leave()
    X + 1
    second.leave()
    assert not first.take() and len(second.take()) == 1


def test_anomaly_mode_names_the_line() -> None:
    x = engine.tensor(-1.0, requires_grad=True)
    with engine.autograd.detect_anomaly():
        y = x.sqrt()
        with pytest.raises(RuntimeError, match=r"(?s)nan.*y = x.sqrt"):
            y.backward()
    assert not engine.is_anomaly_enabled()

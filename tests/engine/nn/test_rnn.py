"""Recurrent layers beside their equations in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn.utils import rnn as packing
from tests.engine.nn.reference import Array, array, close, double, draw, sigmoid, tensor


def step(kind: str, x: Array, state: tuple[Array, ...], weights: dict[str, Array]) -> Any:
    from_x = x @ weights["weight_ih"].T + weights.get("bias_ih", 0)
    from_h = state[0] @ weights["weight_hh"].T + weights.get("bias_hh", 0)
    if kind == "RNN":
        return (np.tanh(from_x + from_h),)
    if kind == "LSTM":
        i, f, g, o = np.split(from_x + from_h, 4, -1)
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return (h @ weights["weight_hr"].T if "weight_hr" in weights else h, c)
    r, z, n = (a for a in np.split(from_x, 3, -1))
    h_r, h_z, h_n = np.split(from_h, 3, -1)
    update = sigmoid(z + h_z)
    return ((1 - update) * np.tanh(n + sigmoid(r + h_r) * h_n) + update * state[0],)


def weights_of(module: Any, suffix: str = "") -> dict[str, Array]:
    return {
        name.removesuffix(suffix): array(p)
        for name, p in module.named_parameters()
        if name.endswith(suffix) and name.count("_") == 1 + suffix.count("_")
    }


def run(kind: str, module: Any, x: Array, states: tuple[Array, ...]) -> tuple[Array, list[Array]]:
    """All layers and directions over (length, batch, features)."""
    finals = []
    for layer in range(module.num_layers):
        outputs = []
        for reverse in range(2 if module.bidirectional else 1):
            suffix = f"_l{layer}" + ("_reverse" if reverse else "")
            weights = weights_of(module, suffix)
            state = tuple(s[len(finals)] for s in states)
            steps = []
            for t in reversed(range(len(x))) if reverse else range(len(x)):
                state = step(kind, x[t], state, weights)
                steps.append(state[0])
            outputs.append(np.stack(steps[::-1] if reverse else steps))
            finals.append(state)
        x = np.concatenate(outputs, -1)
    return x, [np.stack(parts) for parts in zip(*finals, strict=True)]


OPTIONS: list[dict[str, Any]] = [
    {},
    {"bias": False, "batch_first": True},
    {"num_layers": 2, "bidirectional": True},
]


def start(kind: str, module: Any, batch: int) -> tuple[Array, ...]:
    rows = module.num_layers * (2 if module.bidirectional else 1)
    sizes = [module.proj_size or module.hidden_size, module.hidden_size]
    return tuple(
        draw(rows, batch, size, seed=7 + k) for k, size in enumerate(sizes[: 1 + (kind == "LSTM")])
    )


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layers(kind: str, options: dict[str, Any]) -> None:
    module = double(getattr(nn, kind)(3, 4, **options))
    x = draw(5, 2, 3)
    states = start(kind, module, 2)
    wanted, finals = run(kind, module, x, states)
    given = tuple(tensor(s) for s in states)
    turned = np.swapaxes(x, 0, 1) if module.batch_first else x
    output, last = module(tensor(turned), given if kind == "LSTM" else given[0])
    close(output.transpose(0, 1) if module.batch_first else output, wanted)
    for got, final in zip(last if kind == "LSTM" else (last,), finals, strict=True):
        close(got, final)


def test_lstm_with_projection() -> None:
    module = double(nn.LSTM(3, 4, num_layers=2, proj_size=2))
    x = draw(5, 2, 3)
    states = start("LSTM", module, 2)
    wanted, finals = run("LSTM", module, x, states)
    output, last = module(tensor(x), tuple(tensor(s) for s in states))
    close(output, wanted)
    close(last[0], finals[0])
    assert tuple(last[1].shape) == (2, 2, 4)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_no_batch_and_no_state(kind: str) -> None:
    module = double(getattr(nn, kind)(3, 4))
    x = draw(5, 3)
    output, last = module(tensor(x))
    states = tuple(np.zeros((1, 1, 4)) for _ in range(2))
    wanted, _ = run(kind, module, x[:, None], states)
    close(output, wanted[:, 0])
    assert tuple((last[0] if kind == "LSTM" else last).shape) == (1, 4)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_packed_sequences_are_run_each_for_itself(kind: str) -> None:
    module = double(getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True))
    lengths = [3, 5, 1, 5]
    x = tensor(draw(5, 4, 3))
    packed = packing.pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, last = module(packed)
    padded, got_lengths = packing.pad_packed_sequence(output)
    assert got_lengths.tolist() == lengths
    for i, length in enumerate(lengths):
        alone, alone_last = module(x[:length, i])
        close(padded[:length, i], array(alone))
        assert padded[length:, i].abs().sum().item() == 0
        for a, b in zip(
            last if kind == "LSTM" else (last,),
            alone_last if kind == "LSTM" else (alone_last,),
            strict=True,
        ):
            close(a[:, i], array(b))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_cells(kind: str) -> None:
    module = double(getattr(nn, kind + "Cell")(3, 4))
    x = draw(2, 3)
    state = tuple(draw(2, 4, seed=k) for k in range(1 + (kind == "LSTM")))
    wanted = step(kind, x, state, weights_of(module))
    given = tuple(tensor(s) for s in state)
    got = module(tensor(x), given if kind == "LSTM" else given[0])
    for a, b in zip(got if kind == "LSTM" else (got,), wanted, strict=True):
        close(a, b)
    alone = module(tensor(x[0]))
    assert tuple((alone[0] if kind == "LSTM" else alone).shape) == (4,)


def test_relu_and_dropout_between_layers() -> None:
    module = double(nn.RNN(3, 4, num_layers=2, nonlinearity="relu", dropout=1.0))
    x = tensor(draw(5, 2, 3))
    deaf = module(x)[0]
    assert deaf.min().item() >= 0
    # With dropout 1 the second layer gets zeros in training, but not in evaluation.
    close(module(x * 2)[0], array(deaf))
    module.eval()
    assert not engine.allclose(module(x)[0], deaf)


def test_gradients_reach_all_weights() -> None:
    module = nn.LSTM(2, 3, num_layers=2, bidirectional=True)
    module(engine.ones(4, 1, 2))[0].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum().item() > 0 for p in module.parameters())
    assert [len(weights) for weights in module.all_weights] == [4] * 4


def test_errors() -> None:
    lstm = nn.LSTM(3, 4)
    with pytest.raises(ValueError, match="LSTM: expected input_size 3 features, got 2"):
        lstm(engine.zeros(5, 1, 2))
    with pytest.raises(ValueError, match=r"h_0 must have shape \(1, 1, 4\), got \(2, 1, 4\)"):
        lstm(engine.zeros(5, 1, 3), (engine.zeros(2, 1, 4), engine.zeros(2, 1, 4)))
    with pytest.raises(ValueError, match="expected 2D or 3D input, got 4D"):
        lstm(engine.zeros(1, 1, 1, 3))
    with pytest.raises(ValueError, match="proj_size is for LSTM only"):
        nn.GRU(3, 4, proj_size=2)
    with pytest.raises(ValueError, match="nonlinearity must be 'tanh' or 'relu', got 'gelu'"):
        nn.RNN(3, 4, nonlinearity="gelu")


def test_padding_and_packing() -> None:
    parts = [engine.arange(n).float() + 1 for n in (2, 3, 1)]
    padded = packing.pad_sequence(parts, padding_value=-1)
    assert padded.tolist() == [[1, 1, 1], [2, 2, -1], [-1, 3, -1]]
    left = packing.pad_sequence(parts, batch_first=True, padding_side="left")
    assert left.tolist() == [[0, 1, 2], [1, 2, 3], [0, 0, 1]]
    packed = packing.pack_sequence(parts, enforce_sorted=False)
    assert packed.data.tolist() == [1, 1, 1, 2, 2, 3]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    back = packing.unpack_sequence(packed)
    assert [part.tolist() for part in back] == [part.tolist() for part in parts]
    longer, _ = packing.pad_packed_sequence(packed, batch_first=True, total_length=4)
    assert longer.tolist()[1] == [1, 2, 3, 0]
    with pytest.raises(ValueError, match="lengths must fall"):
        packing.pack_sequence(parts)
    with pytest.raises(ValueError, match="lengths must be from 1 to 3"):
        packing.pack_padded_sequence(engine.zeros(3, 2), [4, 1])
    with pytest.raises(ValueError, match="total_length 2 is less than the longest"):
        packing.pad_packed_sequence(packed, total_length=2)


H, C = (2, 2, 4), (2, 2, 4)


@pytest.mark.parametrize(
    ("kind", "shape", "states", "message"),
    [
        ("GRU", (5, 2, 3), [(2, 3, 4)], r"h_0 must have shape \(2, 2, 4\), got \(2, 3, 4\)"),
        ("GRU", (5, 2, 3), [(1, 2, 4)], r"h_0 must have shape \(2, 2, 4\), got \(1, 2, 4\)"),
        ("RNN", (5, 2, 3), [(2, 4)], r"h_0 must have shape \(2, 2, 4\), got \(2, 4\)"),
        ("RNN", (5, 3), [(2, 1, 4)], r"h_0 must have shape \(2, 4\), got \(2, 1, 4\)"),
        ("LSTM", (5, 2, 3), [H, (2, 3, 4)], r"c_0 must have shape \(2, 2, 4\)"),
        ("LSTM", (5, 2, 3), [H], "LSTM: argument 'hx': expected"),
        ("LSTM", (5, 2, 3), [H, C, C], "LSTM: argument 'hx': expected"),
        ("LSTM", (5, 3), [H, C], r"h_0 must have shape \(2, 4\)"),
    ],
)
def test_states_of_another_shape_are_refused(
    kind: str, shape: tuple[int, ...], states: list[tuple[int, ...]], message: str
) -> None:
    given: Any = [engine.zeros(*state) for state in states]
    state = given[0] if len(given) == 1 else tuple(given)
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(nn, kind)(3, 4, 2)(engine.zeros(*shape), state)


def test_cells_refuse_states_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"h_0 must have shape \(2, 4\), got \(3, 4\)"):
        nn.GRUCell(3, 4)(engine.zeros(2, 3), engine.zeros(3, 4))
    with pytest.raises(ValueError, match=r"c_0 must have shape \(2, 4\), got \(1, 4\)"):
        nn.LSTMCell(3, 4)(engine.zeros(2, 3), (engine.zeros(2, 4), engine.zeros(1, 4)))
    with pytest.raises(ValueError, match="expected input_size 3 features, got 2"):
        nn.RNNCell(3, 4)(engine.zeros(2, 2))
    wide = engine.zeros(1, 2, 4, dtype=engine.float64)
    with pytest.raises(ValueError, match=r"input's dtype engine\.float32, got engine\.float64"):
        nn.GRU(3, 4)(engine.zeros(5, 2, 3), wide)


def test_dropout_of_one_layer_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"LSTM: dropout=0\.5 acts between layers"):
        nn.LSTM(3, 4, dropout=0.5)
    output, h = nn.GRU(3, 4)(engine.zeros(5, 0, 3))
    assert tuple(output.shape) == (5, 0, 4) and tuple(h.shape) == (1, 0, 4)

"""Recurrent layers: RNN, LSTM, GRU and their cells."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.nn import functional as F, init
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.nn.utils.rnn import PackedSequence

# A recurrent state: (h,) or, for LSTM, (h, c).
State = tuple[Tensor, ...]
_linear = _C.linear


def _rnn_step(gates: Tensor, state: State, w_hh: Tensor, b_hh: Tensor | None, relu: bool) -> State:
    total = gates + _linear(state[0], w_hh, b_hh)
    return (_C.relu(total) if relu else _C.tanh(total),)


def _lstm_step(
    gates: Tensor, state: State, w_hh: Tensor, b_hh: Tensor | None, w_hr: Tensor | None
) -> State:
    h, c = state
    i, f, g, o = (gates + _linear(h, w_hh, b_hh)).chunk(4, 1)
    c = _C.sigmoid(f) * c + _C.sigmoid(i) * _C.tanh(g)
    h = _C.sigmoid(o) * _C.tanh(c)
    return (h if w_hr is None else _linear(h, w_hr), c)


def _gru_step(gates: Tensor, state: State, w_hh: Tensor, b_hh: Tensor | None) -> State:
    h = state[0]
    x_r, x_z, x_n = gates.chunk(3, 1)
    h_r, h_z, h_n = _linear(h, w_hh, b_hh).chunk(3, 1)
    z = _C.sigmoid(x_z + h_z)
    n = _C.tanh(x_n + _C.sigmoid(x_r + h_r) * h_n)
    return (n + z * (h - n),)


class RNNBase(Module):
    """Stacked recurrent layers over a sequence, in one direction or both.

    The input is (L, N, input_size), (N, L, input_size) where batch_first, (L, input_size) without
    a batch, or a PackedSequence. Weights are named weight_ih_l0, weight_hh_l0, bias_ih_l0,
    bias_hh_l0 and so on, with the suffix _reverse for the second direction.
    """

    _gates: int

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if not 0.0 <= dropout <= 1.0:
            raise ValueError(f"{name}: dropout must be between 0 and 1, got {dropout}")
        if hidden_size <= 0 or num_layers <= 0:
            raise ValueError(
                f"{name}: hidden_size and num_layers must be positive, got {hidden_size} and "
                f"{num_layers}"
            )
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"{name}: proj_size must be less than hidden_size {hidden_size}, got {proj_size}"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"{name}: dropout={dropout} acts between layers and does nothing with num_layers=1",
                stacklevel=2,
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                self._add_weights(layer, suffix, device, dtype)
        self.reset_parameters()

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: 2 if self.bidirectional else 1]

    def _add_weights(self, layer: int, suffix: str, device: Any, dtype: Any) -> None:
        out = self.proj_size or self.hidden_size
        rows = self._gates * self.hidden_size
        width = self.input_size if layer == 0 else out * (2 if self.bidirectional else 1)
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            value = Parameter(_C.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name + suffix, value)

    def reset_parameters(self) -> None:
        """Draw new values, uniform within 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Has no effect: the weights need no particular memory layout."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights of each layer and direction."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        return [
            [getattr(self, kind + suffix) for kind in kinds if hasattr(self, kind + suffix)]
            for layer in range(self.num_layers)
            for suffix in self._suffixes(layer)
        ]

    def _step(self, gates: Tensor, state: State, suffix: str) -> State:
        """The next state from the input's contribution to the gates and the last state."""
        raise NotImplementedError

    def _state_sizes(self) -> list[int]:
        return [self.proj_size or self.hidden_size]

    # ---- running --------------------------------------------------------------------------

    def _run(
        self, input: Tensor | PackedSequence, states: Sequence[Tensor] | None
    ) -> tuple[Any, list[Tensor]]:
        """Output and final states for batched, unbatched and packed input."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, states)
        name = type(self).__name__
        if input.dim() not in (2, 3):
            raise ValueError(f"{name}: expected 2D or 3D input, got {input.dim()}D input")
        batched = input.dim() == 3
        x = input if batched else input.unsqueeze(1)
        if batched and self.batch_first:
            x = x.transpose(0, 1)
        if x.shape[0] == 0:
            raise ValueError(f"{name}: input has no steps: {tuple(input.shape)}")
        length, batch, features = x.shape
        self._check_features(features)
        states = self._checked_states(states, batch if batched else None, x)
        data, finals = self._run_layers(
            x.reshape(length * batch, features), [batch] * length, states
        )
        output = data.reshape(length, batch, data.shape[1])
        if not batched:
            return output.squeeze(1), [final.squeeze(1) for final in finals]
        return (output.transpose(0, 1) if self.batch_first else output), finals

    def _run_packed(
        self, input: PackedSequence, states: Sequence[Tensor] | None
    ) -> tuple[PackedSequence, list[Tensor]]:
        sizes = input.batch_sizes.tolist()
        self._check_features(input.data.shape[1])
        given = states is not None
        states = self._checked_states(states, sizes[0], input.data)
        if given and input.sorted_indices is not None:
            states = [state.index_select(1, input.sorted_indices) for state in states]
        data, finals = self._run_layers(input.data, sizes, states)
        if input.unsorted_indices is not None:
            finals = [final.index_select(1, input.unsorted_indices) for final in finals]
        return input._replace(data=data), finals

    def _check_features(self, features: int) -> None:
        if features != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: expected input_size {self.input_size} features, "
                f"got {features}"
            )

    def _checked_states(
        self, states: Sequence[Tensor] | None, batch: int | None, like: Tensor
    ) -> Sequence[Tensor]:
        """The states (layers, N, features), zeros by default; batch is None for an unbatched input,
        whose states have no N."""
        rows = self.num_layers * (2 if self.bidirectional else 1)
        sizes = self._state_sizes()
        if states is None:
            shapes = [(rows, 1 if batch is None else batch, size) for size in sizes]
            return [_C.zeros(s, dtype=like.dtype, device=like.device) for s in shapes]
        leading = (rows,) if batch is None else (rows, batch)
        _check_states(type(self).__name__, states, [(*leading, size) for size in sizes], like)
        return states if batch is not None else [state.unsqueeze(1) for state in states]

    def _run_layers(
        self, data: Tensor, sizes: list[int], states: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """All layers over concatenated steps: step t has the first sizes[t] sequences."""
        finals: list[State] = []
        for layer in range(self.num_layers):
            outputs = []
            for suffix in self._suffixes(layer):
                first = tuple(state[len(finals)] for state in states)
                run = self._run_backward if suffix.endswith("_reverse") else self._run_forward
                output, final = run(data, sizes, first, suffix)
                outputs.append(output)
                finals.append(final)
            data = outputs[0] if len(outputs) == 1 else _C.cat(outputs, 1)
            if self.dropout and layer < self.num_layers - 1:
                data = F.dropout(data, self.dropout, self.training)
        return data, [_C.stack(list(kind)) for kind in zip(*finals, strict=True)]

    def _input_gates(self, data: Tensor, sizes: list[int], suffix: str) -> Sequence[Tensor]:
        """The input's contribution to the gates, for all steps in one product."""
        bias = getattr(self, "bias_ih" + suffix) if self.bias else None
        return _linear(data, getattr(self, "weight_ih" + suffix), bias).split(sizes)

    def _run_forward(
        self, data: Tensor, sizes: list[int], state: State, suffix: str
    ) -> tuple[Tensor, State]:
        outputs, finished = [], []
        running = sizes[0]
        for gates, size in zip(self._input_gates(data, sizes, suffix), sizes, strict=True):
            if size < running:  # the shorter sequences end here
                finished.append(tuple(part[size:] for part in state))
                state = tuple(part[:size] for part in state)
                running = size
            state = self._step(gates, state, suffix)
            outputs.append(state[0])
        if finished:
            pieces = [state, *reversed(finished)]
            state = tuple(_C.cat(list(parts)) for parts in zip(*pieces, strict=True))
        return _C.cat(outputs), state

    def _run_backward(
        self, data: Tensor, sizes: list[int], first: State, suffix: str
    ) -> tuple[Tensor, State]:
        outputs = []
        running = sizes[-1]
        state = first if running == sizes[0] else tuple(part[:running] for part in first)
        steps = list(zip(self._input_gates(data, sizes, suffix), sizes, strict=True))
        for gates, size in reversed(steps):
            if size > running:  # the shorter sequences begin here
                state = tuple(
                    _C.cat([part, start[running:size]])
                    for part, start in zip(state, first, strict=True)
                )
                running = size
            state = self._step(gates, state, suffix)
            outputs.append(state[0])
        return _C.cat(outputs[::-1]), state

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


def _check_states(name: str, states: Any, shapes: Sequence[tuple[int, ...]], like: Tensor) -> None:
    """Raise for states whose number, shape or dtype does not match the layer and its input."""
    names = ["h_0", "c_0"][: len(shapes)]
    if not isinstance(states, (tuple, list)) or len(states) != len(shapes):
        got = len(states) if isinstance(states, (tuple, list)) else type(states).__name__
        raise TypeError(f"{name}: the state must be a tuple ({', '.join(names)}), got {got}")
    for what, state, shape in zip(names, states, shapes, strict=True):
        if not isinstance(state, Tensor):
            raise TypeError(f"{name}: {what} must be a Tensor, got {type(state).__name__}")
        if tuple(state.shape) != shape:
            raise ValueError(f"{name}: {what} must have shape {shape}, got {tuple(state.shape)}")
        if state.dtype != like.dtype:
            raise ValueError(
                f"{name}: {what} must have the input's dtype {like.dtype}, got {state.dtype}"
            )


def _no_projection(name: str, kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError(f"{name}: proj_size is for LSTM only")


class RNN(RNNBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.

    >>> import engine
    >>> output, h = engine.nn.RNN(3, 4)(engine.zeros(5, 2, 3))
    >>> tuple(output.shape), tuple(h.shape)
    ((5, 2, 4), (1, 2, 4))
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **kwargs: Any,
    ) -> None:
        _no_projection("RNN", kwargs)
        _check_nonlinearity("RNN", nonlinearity)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            **kwargs,
        )
        self.nonlinearity = nonlinearity

    def _step(self, gates: Tensor, state: State, suffix: str) -> State:
        bias = getattr(self, "bias_hh" + suffix) if self.bias else None
        weight = getattr(self, "weight_hh" + suffix)
        return _rnn_step(gates, state, weight, bias, self.nonlinearity == "relu")

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Any, Tensor]:
        output, (h,) = self._run(input, None if hx is None else [hx])
        return output, h


class GRU(RNNBase):
    """Gated recurrent units (Cho et al., 2014).

    >>> import engine
    >>> output, h = engine.nn.GRU(3, 4, bidirectional=True)(engine.zeros(5, 2, 3))
    >>> tuple(output.shape), tuple(h.shape)
    ((5, 2, 8), (2, 2, 4))
    """

    _gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **kwargs: Any,
    ) -> None:
        _no_projection("GRU", kwargs)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            **kwargs,
        )

    def _step(self, gates: Tensor, state: State, suffix: str) -> State:
        bias = getattr(self, "bias_hh" + suffix) if self.bias else None
        return _gru_step(gates, state, getattr(self, "weight_hh" + suffix), bias)

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Any, Tensor]:
        output, (h,) = self._run(input, None if hx is None else [hx])
        return output, h


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997); proj_size projects h.

    >>> import engine
    >>> output, (h, c) = engine.nn.LSTM(3, 4, batch_first=True)(engine.zeros(2, 5, 3))
    >>> tuple(output.shape), tuple(h.shape), tuple(c.shape)
    ((2, 5, 4), (1, 2, 4), (1, 2, 4))
    """

    _gates = 4

    def _state_sizes(self) -> list[int]:
        return [self.proj_size or self.hidden_size, self.hidden_size]

    def _step(self, gates: Tensor, state: State, suffix: str) -> State:
        bias = getattr(self, "bias_hh" + suffix) if self.bias else None
        projection = getattr(self, "weight_hr" + suffix) if self.proj_size else None
        return _lstm_step(gates, state, getattr(self, "weight_hh" + suffix), bias, projection)

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        output, (h, c) = self._run(input, hx)
        return output, (h, c)


def _check_nonlinearity(name: str, nonlinearity: str) -> None:
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"{name}: nonlinearity must be 'tanh' or 'relu', got '{nonlinearity}'")


class RNNCellBase(Module):
    """One step of a recurrent layer over (N, input_size) or (input_size,)."""

    _gates: int
    _states = 1
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows, factory = self._gates * hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(_C.empty(rows, input_size, **factory))
        self.weight_hh = Parameter(_C.empty(rows, hidden_size, **factory))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(_C.empty(rows, **factory)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values, uniform within 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size else 0.0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _step(self, gates: Tensor, state: State) -> State:
        raise NotImplementedError

    def _advance(self, input: Tensor, state: State | None) -> State:
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: expected 1D or 2D input, got {input.dim()}D input")
        x = input if input.dim() == 2 else input.unsqueeze(0)
        if x.shape[1] != self.input_size:
            raise ValueError(
                f"{name}: expected input_size {self.input_size} features, got {x.shape[1]}"
            )
        shape = (*input.shape[:-1], self.hidden_size)
        if state is None:
            zeros = _C.zeros(x.shape[0], self.hidden_size, dtype=x.dtype, device=x.device)
            state = (zeros, zeros)
        else:
            _check_states(name, state, [shape] * self._states, x)
            if input.dim() == 1:
                state = tuple(part.unsqueeze(0) for part in state)
        state = self._step(_linear(x, self.weight_ih, self.bias_ih), state)
        return state if input.dim() == 2 else tuple(part.squeeze(0) for part in state)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}{'' if self.bias else ', bias=False'}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"


class RNNCell(RNNCellBase):
    """One step of RNN."""

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)
        _check_nonlinearity("RNNCell", nonlinearity)
        self.nonlinearity = nonlinearity

    def _step(self, gates: Tensor, state: State) -> State:
        relu = self.nonlinearity == "relu"
        return _rnn_step(gates, state, self.weight_hh, self.bias_hh, relu)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._advance(input, None if hx is None else (hx,))[0]


class GRUCell(RNNCellBase):
    """One step of GRU."""

    _gates = 3

    def _step(self, gates: Tensor, state: State) -> State:
        return _gru_step(gates, state, self.weight_hh, self.bias_hh)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._advance(input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of LSTM.

    >>> import engine
    >>> h, c = engine.nn.LSTMCell(3, 4)(engine.zeros(2, 3))
    >>> tuple(h.shape), tuple(c.shape)
    ((2, 4), (2, 4))
    """

    _gates = 4
    _states = 2

    def _step(self, gates: Tensor, state: State) -> State:
        return _lstm_step(gates, state, self.weight_hh, self.bias_hh, None)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        h, c = self._advance(input, hx)
        return h, c

"""Errors of invalid arguments to functions that are written in Python."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F

X = engine.zeros(2, 3)
ROOT = engine.ones(2, requires_grad=True)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: ROOT.backward(1, 2, 3, 4, 5), "backward: too many positional arguments"),
        (
            lambda: ROOT.backward(1.0),
            "backward: argument 'gradient': expected Tensor or None, got float",
        ),
        (
            lambda: ROOT.sum().backward(inputs=3),
            "backward: argument 'inputs': expected Tensor, a list of Tensor or None, got int",
        ),
        (
            lambda: engine.autograd.grad(ROOT.sum(), [1]),
            "grad: argument 'inputs': expected Tensor or a list of Tensor, got list of int",
        ),
        (
            lambda: ROOT.register_hook(3),
            "register_hook: argument 'hook': expected a function, got int",
        ),
        (
            lambda: F.conv2d(X, 3, padding="same"),
            "conv2d: argument 'weight': expected Tensor, got int",
        ),
        (
            lambda: F.channel_shuffle(X, "a"),
            "channel_shuffle: argument 'groups': expected int, got str",
        ),
        (
            lambda: nn.Conv2d(3, 4, [1, "a"]),
            "Conv2d: argument 'kernel_size': expected int or a list of int, "
            "got list of int and str",
        ),
        (
            lambda: nn.Linear("3", 4),
            "Linear: argument 'in_features': expected int, got str",
        ),
        (lambda: nn.Linear(3), "Linear: missing a required argument: 'out_features'"),
        (
            lambda: nn.BatchNorm2d(3)(None),
            "BatchNorm2d: argument 'input': expected Tensor, got NoneType",
        ),
        (
            lambda: nn.init.normal_(3),
            "normal_: argument 'tensor': expected Tensor, got int",
        ),
    ],
)
def test_one_line_names_function_argument_and_both_types(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value) == message


def test_numbers_out_of_range() -> None:
    for seed in (-(2**63) - 1, 2**64):
        with pytest.raises(ValueError, match=rf"seed: expected -2\*\*63 to .*, got {seed}"):
            engine.manual_seed(seed)
    assert engine.manual_seed(2**64 - 1).initial_seed() == 2**64 - 1
    with pytest.raises(ValueError, match="set_num_threads: n: expected 1 to 65536, got 0"):
        engine.set_num_threads(0)
    with pytest.raises(ValueError, match=r"select: argument 'index': \d+ does not fit in 64 bits"):
        X.select(0, 2**70)
    with pytest.raises(ValueError, match=r"add: argument 'other': \d+ does not fit in 64 bits"):
        X + 2**70


@pytest.mark.parametrize("value", [X, np.zeros((2, 3)), 1 + 2j, object()])
def test_non_numbers(value: Any) -> None:
    with pytest.raises(TypeError, match="select: argument 'dim': expected int, got"):
        X.select(value, 0)
    with pytest.raises(TypeError, match="elu: argument 'alpha': expected float, got"):
        F.elu(X, value)


def test_errors_of_the_users_own_pass() -> None:
    def distance(a: engine.Tensor, b: engine.Tensor) -> engine.Tensor:
        raise AttributeError("mine")

    with pytest.raises(AttributeError, match=r"^mine$"):
        F.triplet_margin_with_distance_loss(X, X, X, distance_function=distance)

    class Own(nn.Module):
        def forward(self, x: int) -> int:
            return x.missing  # type: ignore[attr-defined, no-any-return]

    with pytest.raises(AttributeError, match="missing"):
        Own()("no int")


def test_guarded_functions_are_functions() -> None:
    assert F.conv2d.__name__ == "conv2d" and "Cross-correlation" in F.conv2d.__doc__
    assert list(inspect.signature(F.conv2d).parameters)[:2] == ["input", "weight"]
    for function in (F.conv2d, engine.from_numpy, engine.tensor, nn.init.ones_):
        assert pickle.loads(pickle.dumps(function)) is function is copy.deepcopy(function)


class Later(nn.Module):
    def forward(self, x: engine.Tensor) -> engine.Tensor:
        return F.cosine_similarity(x, engine.zeros(7))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: X.index_select(0, engine.tensor([5])), r"^index_select \(in index\): "),
        (lambda: X.clone().clamp_(engine.zeros(7)), r"^clamp_ \(in clamp_min\): shapes"),
        (lambda: engine.unique(X, dim=5), r"^unique \(in movedim\): source: expected"),
        (
            lambda: F.cosine_embedding_loss(X, X, engine.zeros(5)),
            r"^cosine_embedding_loss \(in where\): shapes \(5,\) and \(2,\) do not broadcast",
        ),
        (lambda: nn.Linear(3, 4)(X.T), "^Linear: input: expected a last dimension of 3"),
        (lambda: nn.Sequential(nn.Linear(3, 4))(X.T), "^Linear: input: "),
        (lambda: nn.Bilinear(3, 4, 5)(X, X), r"^Bilinear \(in mul\): shapes"),
        (lambda: Later()(X), r"^cosine_similarity: shapes"),
        (lambda: X + engine.zeros(7), "^add: shapes"),
        (lambda: F.embedding(X, "a"), "^embedding: argument 'weight': expected Tensor, got str"),
        (lambda: nn.Linear(-1, 3), r"^Linear \(in empty\): size: expected non-negative sizes"),
        (lambda: nn.Linear(3, 4, dtype=engine.int64), "^Linear: requires_grad: only floating"),
        (lambda: setattr(X, "data", 3), "^set_data: argument 'data': expected Tensor, got int"),
        (lambda: ROOT.backward(), "^backward: gradient: must be given"),
    ],
)
def test_errors_name_what_was_called_and_what_failed(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError), match=message):
        call()


SCALAR = engine.zeros(())
COLUMNS = engine.zeros(1, 4, 2)
ATTENTION = nn.MultiheadAttention(4, 2)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: X.clone().fill_(X), "fill_: value: expected a number or a 0-d tensor"),
        (lambda: X.diag_embed(dim1=-1), "diag_embed: dim1: expected another dimension than dim2"),
        (lambda: engine.Tensor.numpy(3), "numpy: argument 'self': expected Tensor, got int"),
        (lambda: SCALAR.size(0), "size: dim: a 0-d tensor has no dimensions, got 0"),
        (lambda: SCALAR.stride(-1), "stride: dim: a 0-d tensor has no dimensions, got -1"),
        (lambda: X.size("a"), "size: argument 'dim': expected int, got str"),
        (lambda: F.fold(COLUMNS, (2, 3), 2, stride=0), r"fold \(in col2im\): stride: expected"),
        (lambda: F.unfold(X[None, None], 2, dilation=0), r"unfold \(in im2col\): dilation:"),
        (lambda: F.channel_shuffle(X, 0), "channel_shuffle: groups must be positive"),
        (lambda: F.channel_shuffle(SCALAR, 1), r"channel_shuffle: input must be \(N, C, ...\)"),
        (lambda: F.glu(SCALAR), r"glu \(in size\): dim: a 0-d tensor has no dimensions"),
        (
            lambda: nn.Unflatten(0, (1,))(SCALAR),
            "Unflatten: dim: a 0-d tensor has no dimensions, got 0",
        ),
        (
            lambda: nn.ConvTranspose2d(1, 1, 2)(SCALAR, (2, 2)),
            "ConvTranspose2d: input must have 3 or 4 dimensions",
        ),
        (
            lambda: F.embedding_bag(engine.tensor([[0]]), engine.zeros(0, 3)),
            "embedding_bag: weight must have rows",
        ),
        (
            lambda: F.embedding_bag(engine.tensor([0]), X, engine.tensor(0)),
            "embedding_bag: input must have 2 dimensions, or 1 with 1-d offsets",
        ),
        (
            lambda: ATTENTION(SCALAR, SCALAR, SCALAR),
            "multi_head_attention_forward: query, key and value must all have 2 or all 3",
        ),
        (lambda: nn.GRU(3, 4)(3), "GRU: argument 'input': expected Tensor or PackedSequence, got"),
        (lambda: nn.GRU(3, 4)(engine.zeros(0, 2, 3)), "GRU: input has no steps"),
        (
            lambda: engine.combinations(X[0], 2**62, True),
            "combinations: r: expected choices that fit",
        ),
        (lambda: engine.combinations(X[0], -1), "combinations: r: expected 0 or more, got -1"),
        (lambda: engine.broadcast_shapes(1.5), "broadcast_shapes: argument 'shapes': expected int"),
        (
            lambda: engine.data.TensorDataset(SCALAR),
            "TensorDataset: expected tensors with rows",
        ),
        (
            lambda: engine.data.TensorDataset(X, 3),
            "TensorDataset: argument 'tensors': expected Tensor, got int",
        ),
        (
            lambda: engine.tensor([1], dtype=np.zeros(2)),
            "tensor: argument 'dtype': expected dtype or None, got ndarray",
        ),
    ],
)
def test_invalid_arguments(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError), match="^" + message):
        call()


def test_valid_calls() -> None:
    assert engine.combinations(X[0], 2**40).shape == (0, 2**40)
    assert F.gaussian_nll_loss(X, X, 1).item() == 0.0
    assert engine.Generator("cpu").initial_seed() == 0

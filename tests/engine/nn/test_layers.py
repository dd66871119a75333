"""Activations, normalisation, pooling, padding, dropout, tables and shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F
from engine.testing import gradcheck
from tests.engine.nn.reference import Array, array, close, double, draw, sigmoid, softmax, tensor

_erf = np.vectorize(math.erf)
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _softplus(x: Array) -> Array:
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


ACTIVATIONS: list[tuple[Any, Callable[[Array], Array]]] = [
    (nn.ReLU(), lambda x: np.maximum(x, 0)),
    (nn.ReLU6(), lambda x: np.clip(x, 0, 6)),
    (nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    (nn.ELU(0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x))),
    (nn.SELU(), lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x))),
    (nn.CELU(0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x / 0.7))),
    (nn.GELU(), lambda x: x * 0.5 * (1 + _erf(x / math.sqrt(2)))),
    (
        nn.GELU("tanh"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    (nn.SiLU(), lambda x: x * sigmoid(x)),
    (nn.Mish(), lambda x: x * np.tanh(_softplus(x))),
    (nn.Sigmoid(), sigmoid),
    (nn.Tanh(), np.tanh),
    (nn.LogSigmoid(), lambda x: -_softplus(-x)),
    (nn.Softsign(), lambda x: x / (1 + np.abs(x))),
    (nn.Softplus(), _softplus),
    (nn.Tanhshrink(), lambda x: x - np.tanh(x)),
    (nn.Hardshrink(), lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    (nn.Softshrink(), lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
    (nn.Hardtanh(-0.5, 2.0), lambda x: np.clip(x, -0.5, 2)),
    (nn.Hardsigmoid(), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    (nn.Hardswish(), lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    (nn.Threshold(0.1, 20.0), lambda x: np.where(x > 0.1, x, 20)),
    (nn.PReLU(), lambda x: np.where(x > 0, x, 0.25 * x)),
    (nn.RReLU().eval(), lambda x: np.where(x > 0, x, (1 / 8 + 1 / 3) / 2 * x)),
    (nn.Softmax(1), lambda x: softmax(x, 1)),
    (nn.Softmin(-1), lambda x: softmax(-x)),
    (nn.LogSoftmax(0), lambda x: np.log(softmax(x, 0))),
    (nn.GLU(0), lambda x: x[:2] * sigmoid(x[2:])),
]


@pytest.mark.parametrize(("module", "wanted"), ACTIVATIONS, ids=lambda value: str(value)[:24])
def test_activation(module: Any, wanted: Callable[[Array], Array]) -> None:
    x = draw(4, 50) * 4
    close(module.double()(tensor(x)), wanted(x), 1e-8)
    assert gradcheck(module, (tensor(x[:, :3], requires_grad=True),))


@pytest.mark.parametrize(
    "name",
    [
        "ReLU",
        "ReLU6",
        "LeakyReLU",
        "ELU",
        "SELU",
        "CELU",
        "SiLU",
        "Mish",
        "Hardswish",
        "Hardsigmoid",
        "Hardtanh",
    ],
)
def test_in_place_activation(name: str) -> None:
    x = tensor(draw(3, 4) * 4, requires_grad=True)
    plain = getattr(nn, name)()(x)
    plain.backward(tensor(draw(3, 4, seed=1)))
    wanted, x.grad = x.grad, None
    inner = x * 1
    result = getattr(nn, name)(inplace=True)(inner)
    close(inner, array(plain))
    result.backward(tensor(draw(3, 4, seed=1)))
    close(x.grad, array(wanted))


def test_prelu_by_channel() -> None:
    slopes = np.array([0.1, 0.2, 0.3])
    x = draw(2, 3, 4)
    wanted = np.where(x > 0, x, x * slopes.reshape(1, 3, 1))
    close(F.prelu(tensor(x), tensor(slopes)), wanted)
    with pytest.raises(RuntimeError, match="weight: expected 1 or 4 elements"):
        F.prelu(engine.zeros(2, 4), tensor(slopes))


def test_gumbel_softmax() -> None:
    engine.manual_seed(0)
    logits = tensor(np.log(np.array([[0.2, 0.8]] * 4000)), requires_grad=True)
    hard = F.gumbel_softmax(logits, hard=True)
    assert set(np.unique(array(hard))) == {0.0, 1.0}
    assert abs(hard[:, 1].mean().item() - 0.8) < 0.03
    hard[:, 0].sum().backward()
    assert logits.grad.abs().sum().item() > 0


def _normalized(x: Array, axes: tuple[int, ...], eps: float = 1e-5) -> Array:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_batch_norm(n: int) -> None:
    module = double(getattr(nn, f"BatchNorm{n}d")(3))
    x = draw(4, 3, *(5, 4, 2)[:n]) * 2 + 1
    axes = (0, *range(2, n + 2))
    scale, shift = (array(p).reshape(1, 3, *[1] * n) for p in (module.weight, module.bias))
    close(module(tensor(x)), _normalized(x, axes) * scale + shift)
    close(module.running_mean, 0.1 * x.mean(axes))
    variance = x.var(axes, ddof=1)
    close(module.running_var, 0.9 + 0.1 * variance)
    assert module.num_batches_tracked.item() == 1
    module.eval()
    mean = array(module.running_mean).reshape(scale.shape)
    deviation = np.sqrt(array(module.running_var).reshape(scale.shape) + 1e-5)
    close(module(tensor(x)), (x - mean) / deviation * scale + shift)


def test_batch_norm_averages_without_momentum() -> None:
    module = nn.BatchNorm1d(2, momentum=None).double()
    batches = [draw(5, 2, seed=i) for i in range(3)]
    for batch in batches:
        module(tensor(batch))
    close(module.running_mean, np.mean([batch.mean(0) for batch in batches], 0))


def test_batch_norm_without_statistics() -> None:
    module = nn.BatchNorm1d(2, affine=False, track_running_stats=False).double().eval()
    x = draw(5, 2)
    close(module(tensor(x)), _normalized(x, (0,)))
    assert not module.state_dict()


def test_instance_layer_group_and_rms_norm() -> None:
    x = draw(2, 4, 3, 5) + 2
    close(nn.InstanceNorm2d(4)(tensor(x)), _normalized(x, (2, 3)))
    close(nn.InstanceNorm2d(4)(tensor(x[0])), _normalized(x, (2, 3))[0])
    layer = double(nn.LayerNorm((3, 5)))
    wanted = _normalized(x, (2, 3)) * array(layer.weight) + array(layer.bias)
    close(layer(tensor(x)), wanted)
    assert nn.LayerNorm(3, bias=False).bias is None
    grouped = _normalized(x.reshape(2, 2, 2, 3, 5), (2, 3, 4)).reshape(x.shape)
    close(nn.GroupNorm(2, 4).double()(tensor(x)), grouped)
    rms = np.sqrt((x**2).mean(-1, keepdims=True) + 1e-3)
    close(nn.RMSNorm(5, eps=1e-3).double()(tensor(x)), x / rms)


def test_instance_norm_keeps_statistics_on_request() -> None:
    module = nn.InstanceNorm1d(3, track_running_stats=True).double()
    x = draw(2, 3, 8)
    module(tensor(x))
    close(module.running_mean, 0.1 * x.mean((0, 2)))
    close(
        module.eval()(tensor(x)),
        (x - array(module.running_mean).reshape(3, 1))
        / np.sqrt(array(module.running_var).reshape(3, 1) + 1e-5),
    )


def test_local_response_norm_and_normalize() -> None:
    x = draw(2, 5, 3)
    squares = np.pad(x**2, [(0, 0), (1, 1), (0, 0)])
    mean = (squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]) / 3
    close(nn.LocalResponseNorm(3, 0.1, 0.5, 2.0)(tensor(x)), x / np.sqrt(2 + 0.1 * mean))
    close(F.normalize(tensor(x), dim=1), x / np.linalg.norm(x, axis=1, keepdims=True))


def test_normalization_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="BatchNorm2d: expected 4D input, got 2D input"):
        nn.BatchNorm2d(2)(engine.zeros(2, 2))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm1d(2)(engine.zeros(1, 2))
    with pytest.raises(ValueError, match="num_channels 4 is no multiple of num_groups 3"):
        nn.GroupNorm(3, 4)


def _windows(x: Array, kernel: int, stride: int) -> Array:
    view = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return view[:, :, ::stride, ::stride]


def test_pooling() -> None:
    x = draw(2, 3, 8, 9)
    close(nn.MaxPool2d(3, 2)(tensor(x)), _windows(x, 3, 2).max((4, 5)))
    close(nn.AvgPool2d(2)(tensor(x)), _windows(x, 2, 2).mean((4, 5)))
    close(nn.LPPool2d(2, 2)(tensor(x)), np.sqrt((_windows(x, 2, 2) ** 2).sum((4, 5))))
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    close(nn.AvgPool2d(3, 1, 1)(tensor(x)), _windows(padded, 3, 1).mean((4, 5)))
    close(
        nn.AvgPool2d(3, 1, 1, divisor_override=2)(tensor(x)), _windows(padded, 3, 1).sum((4, 5)) / 2
    )
    close(nn.AdaptiveAvgPool2d((2, None))(tensor(x)), x.reshape(2, 3, 2, 4, 9).mean(3))
    close(nn.AdaptiveMaxPool2d((4, 3))(tensor(x)), x.reshape(2, 3, 4, 2, 3, 3).max((3, 5)))
    close(nn.AdaptiveAvgPool1d(4)(tensor(x[0])), _adaptive(x[0], 4))
    close(nn.MaxPool1d(2)(tensor(x[0])), x[0][:, :, :8].reshape(3, 8, 4, 2).max(-1))
    volume = draw(1, 2, 4, 4, 4)
    blocks = volume.reshape(1, 2, 2, 2, 2, 2, 2, 2)
    close(nn.AvgPool3d(2)(tensor(volume)), blocks.mean((3, 5, 7)))
    close(nn.MaxPool3d(2)(tensor(volume)), blocks.max((3, 5, 7)))


def _adaptive(x: Array, size: int) -> Array:
    length = x.shape[-1]
    parts = [(i * length // size, -(-(i + 1) * length // size)) for i in range(size)]
    return np.stack([x[..., a:b].mean(-1) for a, b in parts], -1)


def test_pooling_indices() -> None:
    x = draw(1, 2, 6, 6)
    values, indices = nn.MaxPool2d(2, return_indices=True)(tensor(x))
    flat = x.reshape(1, 2, 36)
    got = np.take_along_axis(flat, array(indices).reshape(1, 2, 9), 2)
    close(values.reshape(1, 2, 9), got)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "mode", "extra"),
    [
        ("Zero", {"mode": "constant"}, ()),
        ("Constant", {"mode": "constant", "constant_values": 3.5}, (3.5,)),
        ("Reflection", {"mode": "reflect"}, ()),
        ("Replication", {"mode": "edge"}, ()),
        ("Circular", {"mode": "wrap"}, ()),
    ],
)
def test_padding(n: int, kind: str, mode: dict[str, Any], extra: tuple[float, ...]) -> None:
    x = draw(2, 3, *(4, 5, 3)[:n])
    widths = [(1, 2), (2, 0), (0, 1)][:n]
    flat = [width for pair in reversed(widths) for width in pair]
    module = getattr(nn, f"{kind}Pad{n}d")(flat, *extra)
    close(module(tensor(x)), np.pad(x, [(0, 0), (0, 0), *widths], **mode))


def test_padding_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="ZeroPad2d: padding must be an int or 4 ints"):
        nn.ZeroPad2d((1, 2))


@pytest.mark.parametrize(
    ("module", "shape", "leading"),
    [
        (nn.Dropout(0.3), (200, 50), 2),
        (nn.Dropout1d(0.3), (200, 20, 4), 2),
        (nn.Dropout2d(0.3), (200, 20, 2, 2), 2),
        (nn.Dropout3d(0.3), (200, 20, 1, 2, 2), 2),
    ],
    ids=lambda value: str(value)[:9],
)
def test_dropout(module: Any, shape: tuple[int, ...], leading: int) -> None:
    engine.manual_seed(0)
    out = array(module(engine.ones(shape)))
    np.testing.assert_allclose(np.unique(out), [0.0, 1 / 0.7], rtol=1e-6)
    assert abs((out == 0).mean() - 0.3) < 0.03
    per_channel = out.reshape(*shape[:leading], -1)
    assert (per_channel == per_channel[..., :1]).all()
    assert module.eval()(engine.ones(shape)).sum().item() == math.prod(shape)
    module.train()


def test_dropout_edges() -> None:
    x = engine.ones(5, requires_grad=True)
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 1.0).tolist() == [0.0] * 5
    y = x * 1
    assert F.dropout(y, 0.5, inplace=True) is y
    with pytest.raises(ValueError, match=r"p must be between 0 and 1, got 1\.5"):
        nn.Dropout(1.5)
    with pytest.raises(ValueError, match="input must have 2 dimensions or more"):
        F.dropout2d(x)
    with pytest.warns(UserWarning, match="dropout2d: got an input of 2 dimensions"):
        dropped = F.dropout2d(engine.ones(50, 40), 0.5)
    assert {0.0, 2.0} == set(dropped.reshape(-1).tolist())


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    engine.manual_seed(0)
    x = engine.randn(100_000)
    out = array(nn.AlphaDropout(0.2)(F.selu(x)))
    kept = array(F.selu(x))
    assert abs(out.mean() - kept.mean()) < 0.02 and abs(out.std() - kept.std()) < 0.02
    assert nn.FeatureAlphaDropout(0.5)(engine.zeros(2, 3, 4)).std((2,)).max().item() == 0


def test_embedding() -> None:
    table = double(nn.Embedding(6, 3, padding_idx=-2))
    index = np.array([[4, 1], [5, 1]])
    close(table(tensor(index)), array(table.weight)[index])
    table(tensor(index)).sum().backward()
    counts = np.zeros((6, 3))
    counts[[1, 5]] = [[2], [1]]
    close(table.weight.grad, counts)
    fresh = nn.Embedding(6, 3, padding_idx=2)
    assert fresh.weight[2].tolist() == [0.0] * 3
    frozen = nn.Embedding.from_pretrained(engine.ones(2, 3))
    assert not frozen.weight.requires_grad and frozen(engine.tensor([1])).tolist() == [[1, 1, 1]]
    with pytest.raises(ValueError, match="padding_idx 6 is out of range of 6 rows"):
        nn.Embedding(6, 3, padding_idx=6)


def test_embedding_with_max_norm() -> None:
    table = double(nn.Embedding(4, 3, max_norm=0.5))
    before = array(table.weight).copy()
    table(engine.tensor([1, 3, 1]))
    norms = np.linalg.norm(array(table.weight), axis=1)
    assert np.all(norms[[1, 3]] < 0.5 + 1e-6)
    np.testing.assert_array_equal(array(table.weight)[[0, 2]], before[[0, 2]])


@pytest.mark.parametrize(("mode", "reduce"), [("sum", np.sum), ("mean", np.mean), ("max", np.max)])
def test_embedding_bag(mode: str, reduce: Any) -> None:
    table = double(nn.EmbeddingBag(8, 3, mode=mode))
    weight = array(table.weight)
    index = np.array([1, 2, 4, 5, 4, 3])
    wanted = [reduce(weight[bag], axis=0) for bag in ([1, 2], [4, 5, 4], [3])]
    close(table(tensor(index), engine.tensor([0, 2, 5])), np.stack(wanted))
    close(table(tensor(index.reshape(2, 3))), reduce(weight[index.reshape(2, 3)], axis=1))
    empty = table(tensor(index), engine.tensor([0, 0, 2]))
    assert empty[0].tolist() == [0.0] * 3
    ignoring = F.embedding_bag(
        tensor(index), table.weight, engine.tensor([0, 2]), mode=mode, padding_idx=4
    )
    close(ignoring, np.stack([reduce(weight[[1, 2]], axis=0), reduce(weight[[5, 3]], axis=0)]))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("offsets", [[0, 5], [1, 2], [0, 3, 2], [-1, 2], [0, -1]])
@pytest.mark.parametrize("include_last_offset", [False, True])
def test_offsets_of_bags_are_checked(
    mode: str, offsets: list[int], include_last_offset: bool
) -> None:
    with pytest.raises(RuntimeError, match="offsets must start at 0, not fall and not be past"):
        F.embedding_bag(
            tensor(np.array([0, 1, 2, 1])),
            engine.ones(3, 2),
            tensor(np.array(offsets)),
            mode=mode,
            include_last_offset=include_last_offset,
        )


def test_bags_at_the_ends() -> None:
    table, indices = engine.arange(6.0).reshape(3, 2), tensor(np.array([0, 1, 2, 1]))
    got = F.embedding_bag(indices, table, tensor(np.array([0, 0, 4])), mode="sum")
    assert got.tolist() == [[0, 0], [8, 12], [0, 0]]
    got = F.embedding_bag(
        indices, table, tensor(np.array([0, 2])), mode="sum", include_last_offset=True
    )
    assert got.tolist() == [[2, 4]]
    none = tensor(np.array([], dtype=np.int64))
    assert F.embedding_bag(indices, table, none, mode="max").shape == (0, 2)
    with pytest.raises(RuntimeError, match="at least one with include_last_offset"):
        F.embedding_bag(indices, table, none, include_last_offset=True)
    with pytest.raises(ValueError, match="padding_idx 3 is out of range of 3 rows"):
        F.embedding_bag(indices, table, tensor(np.array([0])), padding_idx=3)


def test_weighted_bags() -> None:
    weight, scale = draw(5, 2), draw(1, 3, seed=1)
    got = F.embedding_bag(
        engine.tensor([[1, 0, 4]]), tensor(weight), mode="sum", per_sample_weights=tensor(scale)
    )
    close(got, scale @ weight[[1, 0, 4]])
    with pytest.raises(ValueError, match="need mode 'sum'"):
        F.embedding_bag(engine.tensor([[1]]), tensor(weight), per_sample_weights=tensor(scale))


def test_one_hot() -> None:
    assert F.one_hot(engine.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert tuple(F.one_hot(engine.tensor([[1]]), 4).shape) == (1, 1, 4)


def test_shapes() -> None:
    x = draw(2, 8, 3, 4)
    assert tuple(nn.Flatten(2)(tensor(x)).shape) == (2, 8, 12)
    assert tuple(nn.Unflatten(1, (2, 4))(tensor(x)).shape) == (2, 2, 4, 3, 4)
    shuffled = nn.PixelShuffle(2)(tensor(x))
    assert shuffled[1, 1, 3, 4].item() == x[1, 1 * 4 + 2, 1, 2]
    close(nn.PixelUnshuffle(2)(shuffled), x)
    order = [0, 4, 1, 5, 2, 6, 3, 7]
    close(nn.ChannelShuffle(2)(tensor(x)), x[:, order])
    with pytest.raises(RuntimeError, match="channels divisible by 4"):
        F.pixel_shuffle(engine.zeros(3, 2, 2), 2)


def test_interpolate() -> None:
    x = draw(1, 2, 4, 6)
    close(nn.Upsample(scale_factor=2)(tensor(x)), x.repeat(2, 2).repeat(2, 3))
    corners = F.interpolate(tensor(x), size=(7, 11), mode="bilinear", align_corners=True)
    close(corners[:, :, ::2, ::2], x)
    close(corners[:, :, 1::2, ::2], (x[:, :, 1:] + x[:, :, :-1]) / 2)
    close(
        F.interpolate(tensor(x), size=(2, 3), mode="area"), x.reshape(1, 2, 2, 2, 3, 2).mean((3, 5))
    )
    with pytest.raises(ValueError, match="size, scale_factor: expected one of them"):
        F.interpolate(tensor(x))


def test_grid_sample() -> None:
    x = draw(2, 3, 5, 6)
    for align in (True, False):
        identity = F.affine_grid(tensor(np.array([np.eye(3)[:2]] * 2)), (2, 3, 5, 6), align)
        close(F.grid_sample(tensor(x), identity, align_corners=align), x)
    far = tensor(np.array([[[[-3.0, -3.0], [3.0, 3.0]]]] * 2))
    assert F.grid_sample(tensor(x), far, align_corners=False).abs().max().item() == 0
    edges = F.grid_sample(tensor(x), far, padding_mode="border", align_corners=False)
    close(edges[:, :, 0], x[:, :, [0, -1], [0, -1]])
    middle = tensor(np.array([[[[-0.9, 0.0]]]] * 2))
    low, high = x[:, :, 2, 0], x[:, :, 2, 1]
    close(
        F.grid_sample(tensor(x), middle, align_corners=True)[:, :, 0, 0], low + 0.25 * (high - low)
    )
    grid = tensor(draw(2, 2, 2, 2) * 0.5, requires_grad=True)
    assert gradcheck(
        lambda a, g: F.grid_sample(a, g, padding_mode="reflection", align_corners=False),
        (tensor(x, requires_grad=True), grid),
    )


def test_pooling_of_integers() -> None:
    x = np.arange(-8, 8).reshape(1, 1, 4, 4)
    values, indices = F.max_pool2d(tensor(x), 2, return_indices=True)
    assert values.tolist() == [[[[-3, -1], [5, 7]]]] and indices.tolist() == [[[[5, 7], [13, 15]]]]
    assert F.max_pool2d(tensor(x.astype("int32")), 2).dtype == engine.int32
    # The means -5.5, -3.5, 2.5 and 4.5, truncated.
    assert F.avg_pool2d(tensor(x), 2).tolist() == [[[[-5, -3], [2, 4]]]]


def test_gradients_scaled_by_frequency() -> None:
    index = engine.tensor([[1, 1, 2], [1, 3, 3]])
    grad = engine.tensor([[1.0], [10.0]])
    weight = engine.zeros(4, 1, requires_grad=True)
    F.embedding(index, weight, scale_grad_by_freq=True).backward(grad.unsqueeze(1).expand(2, 3, 1))
    assert weight.grad.reshape(-1).tolist() == [0.0, 4.0, 1.0, 10.0]
    weight.grad = None
    F.embedding_bag(index, weight, mode="sum", scale_grad_by_freq=True).backward(grad)
    assert weight.grad.reshape(-1).tolist() == [0.0, 4.0, 1.0, 10.0]


def test_sync_batch_norm_of_one_process() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())
    weight = net[0].weight
    converted: Any = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert type(converted[0]) is nn.SyncBatchNorm and converted[0].weight is weight
    x = tensor(draw(2, 3, 4, 4)).float()
    assert engine.allclose(converted(x), F.relu(nn.BatchNorm2d(3)(x)))
    with pytest.raises(NotImplementedError, match="not exchanged between processes yet"):
        nn.SyncBatchNorm(3, process_group="all")


@pytest.mark.parametrize("size", [3, 4])
def test_cross_map_normalisation(size: int) -> None:
    x, side = draw(2, 5, 3, 3), (size - 1) // 2
    total = np.stack(
        [(x[:, max(c - side, 0) : c + side + 1] ** 2).sum(1) for c in range(5)], axis=1
    )
    wanted = x / (2 + 0.1 / size * total) ** 0.5
    close(nn.CrossMapLRN2d(size, alpha=0.1, beta=0.5, k=2)(tensor(x)), wanted)


def test_lp_pooling_of_infinite_order() -> None:
    x = draw(1, 2, 4, 4)
    blocks = abs(x).reshape(1, 2, 2, 2, 2, 2)
    close(nn.LPPool2d(math.inf, 2)(tensor(x)), blocks.max((3, 5)))
    close(
        nn.LPPool3d(2, 2)(tensor(x).unsqueeze(2).expand(1, 2, 2, 4, 4)),
        np.sqrt(2 * (blocks**2).sum((3, 5)))[:, :, None],
    )


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (nn.AdaptiveLogSoftmaxWithLoss, (8, 20, [5])),
        (nn.LinearCrossEntropyLoss, (4, 3)),
        (nn.SyncBatchNorm, (3,)),
        (nn.MultiheadAttention, (4, 2)),
        (nn.LSTM, (2, 3)),
        (nn.LazyLinear, (3,)),
    ],
)
def test_device_and_dtype_reach_all_tensors(kind: Any, arguments: Any) -> None:
    layer = kind(*arguments, device="meta", dtype=engine.float64)
    tensors = [*layer.parameters(), *layer.buffers()]
    assert {str(x.device) for x in tensors} == {"meta"}
    assert {x.dtype for x in tensors if x.is_floating_point()} == {engine.float64}

"""Channels-last images remain so from op to op, with unchanged values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import engine
from engine import Tensor

POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "max": lambda x: engine.max_pool2d(x, 3, 2, 1),
    "max-indices": lambda x: engine.max_pool2d_with_indices(x, 2)[0],
    "avg": lambda x: engine.avg_pool2d(x, 3, 2, 1),
    "adaptive-avg": lambda x: engine.adaptive_avg_pool2d(x, (2, 3)),
    "adaptive-max": lambda x: engine.adaptive_max_pool2d(x, (2, 3)),
}


def image(channels: int = 70) -> Tensor:
    values = np.random.default_rng(0).standard_normal((2, channels, 7, 6))
    return engine.from_numpy(values.astype(np.float32))


def channels_last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", POOLS)
def test_pooling_agrees_in_both_layouts(name: str) -> None:
    plain = image().requires_grad_()
    last = channels_last(image()).requires_grad_()
    outputs = [POOLS[name](plain), POOLS[name](last)]
    assert outputs[0].is_contiguous() and outputs[1].permute(0, 2, 3, 1).is_contiguous()
    np.testing.assert_allclose(*(y.detach().numpy() for y in outputs), rtol=1e-5, atol=1e-6)
    for y in outputs:
        (y * y).sum().backward()
    assert plain.grad is not None and last.grad is not None
    np.testing.assert_allclose(plain.grad.numpy(), last.grad.numpy(), rtol=1e-4, atol=1e-5)


def test_a_network_stays_channels_last() -> None:
    x = channels_last(image(3))
    for channels in (8, 16):
        weight = engine.ones(channels, x.shape[1], 3, 3)
        x = engine.max_pool2d(engine.conv2d(x, weight, None, 1, 1).relu(), 2)
        assert x.permute(0, 2, 3, 1).is_contiguous()


@pytest.mark.parametrize("channels, groups", [(8, 1), (8, 2), (40, 40), (3, 3)])
def test_convolution_reads_both_layouts(channels: int, groups: int) -> None:
    x = image(channels)
    source = np.random.default_rng(1)
    shape = (channels, channels // groups, 3, 3)
    weight = engine.from_numpy(source.standard_normal(shape).astype(np.float32))
    wide = engine.conv2d(x.double(), weight.double(), None, 2, 1, 1, groups).numpy()
    for each in (x, channels_last(x)):
        y = engine.conv2d(each, weight, None, 2, 1, 1, groups).numpy()
        np.testing.assert_allclose(y, wide, rtol=1e-4, atol=1e-4)


def test_like_constructors_preserve_the_layout() -> None:
    x = channels_last(image())
    for made in (engine.zeros_like, engine.ones_like, engine.empty_like, engine.randn_like):
        assert made(x).stride() == x.stride()
        assert made(x[:, ::2]).is_contiguous()
    assert not engine.zeros_like(x).any() and engine.full_like(x, 2).sum() == 2 * x.numel()


@pytest.mark.parametrize("dtype", [engine.float32, engine.float16])
@pytest.mark.parametrize("name", ["avg_pool2d", "max_pool2d", "adaptive_avg_pool2d"])
@pytest.mark.parametrize("order", [(1, 0, 2, 3), (3, 2, 1, 0), (0, 2, 3, 1), (0, 1, 2, 3)])
def test_gradients_of_pooling_in_any_layout(
    name: str, order: tuple[int, ...], dtype: engine.dtype
) -> None:
    pool = getattr(engine.nn.functional, name)
    plain = engine.arange(72.0).reshape(2, 3, 4, 3).to(dtype).requires_grad_()
    other = plain.detach().permute(order).contiguous()
    other = other.permute([order.index(d) for d in range(4)]).requires_grad_()
    for x in (plain, other):
        y = pool(x, 2)
        (y * engine.arange(1.0, y.numel() + 1).reshape(y.shape).to(dtype)).sum().backward()
    assert other.tolist() == plain.tolist() and other.grad.tolist() == plain.grad.tolist()


def test_gradients_of_pooling_without_a_batch() -> None:
    x = engine.zeros(2, 2, requires_grad=True)
    (engine.nn.functional.avg_pool1d(x, 2) * engine.tensor([[0.5], [0.75]])).sum().backward()
    assert x.grad.tolist() == [[0.25, 0.25], [0.375, 0.375]]

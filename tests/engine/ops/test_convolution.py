"""Convolutions with special kernels, against dense ones in float64, in every layout."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import engine
from engine import Tensor

LAYOUTS = ("first", "last")
CONVOLUTIONS = {1: engine.conv1d, 2: engine.conv2d, 3: engine.conv3d}


def random(*shape: int, seed: int) -> Tensor:
    return engine.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def laid(x: Tensor, layout: str) -> Tensor:
    """The same image in channels-first or channels-last layout."""
    if layout == "first":
        return x.contiguous()
    spatial = range(2, x.dim())
    last = x.permute(0, *spatial, 1).contiguous()
    return last.permute(0, x.dim() - 1, *range(1, x.dim() - 1))


def results(x: Tensor, weight: Tensor, bias: Tensor, rest: Sequence[Any], g: Tensor) -> list[Any]:
    """The convolution and its three gradients."""
    leaves = [t.detach().requires_grad_() for t in (x, weight, bias)]
    y = CONVOLUTIONS[x.dim() - 2](*leaves, *rest)
    y.backward(g)
    return [y.detach().numpy(), *(t.grad.numpy() for t in leaves if t.grad is not None)]


def dense(weight: Tensor, groups: int) -> Tensor:
    """The weight of the equivalent convolution without groups."""
    outputs, inputs = weight.shape[:2]
    whole = engine.zeros(outputs, inputs * groups, *weight.shape[2:], dtype=weight.dtype)
    for o in range(outputs):
        first = o // (outputs // groups) * inputs
        whole[o, first : first + inputs] = weight[o]
    return whole


def grouped(gradient: np.ndarray, groups: int) -> np.ndarray:
    """The part of a dense weight's gradient that belongs to the grouped weight."""
    inputs, each = gradient.shape[1] // groups, gradient.shape[0] // groups
    rows = [gradient[o, o // each * inputs :][:inputs] for o in range(gradient.shape[0])]
    return np.stack(rows)


def check(size: Sequence[int], weight_size: Sequence[int], *rest: Any) -> None:
    *numbers, groups = rest
    x, weight = random(*size, seed=0), random(*weight_size, seed=1)
    bias = random(weight_size[0], seed=2)
    y = CONVOLUTIONS[x.dim() - 2](x, weight, bias, *rest)
    g = random(*y.shape, seed=3)
    wide = [t.double() for t in (x, dense(weight, groups), bias)]
    wanted = results(*wide, (*numbers, 1), g.double())
    wanted[2] = grouped(wanted[2], groups)
    for layout, layout_of_g in itertools.product(LAYOUTS, LAYOUTS):
        given = laid(x, layout), weight, bias
        for narrow, convert in ((True, Tensor.float), (False, Tensor.double)):
            got = results(*map(convert, given), rest, convert(laid(g, layout_of_g)))
            tolerance = 1e-4 * max(1.0, *(np.abs(a).max(initial=0) for a in wanted))
            for a, b in zip(got, wanted, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=tolerance if narrow else 1e-10)


DEPTHWISE: dict[str, tuple[tuple[int, ...], tuple[int, ...], Any, Any, Any]] = {
    "odd-width": ((2, 20, 9, 13), (3, 3), 1, 1, 1),
    "fewer-channels-than-a-vector": ((2, 3, 8, 9), (3, 3), 1, 1, 1),
    "whole-vectors": ((1, 32, 14, 14), (3, 3), 1, 1, 1),
    "strided": ((2, 17, 11, 10), (3, 3), 2, 1, 1),
    "uneven-strides": ((2, 9, 11, 10), (3, 2), (1, 3), (0, 2), 1),
    "stride-beyond-the-kernel": ((1, 9, 11, 14), (2, 2), 4, 1, 1),
    "dilated": ((2, 16, 12, 15), (3, 3), 1, 2, (2, 3)),
    "strided-and-dilated": ((1, 16, 12, 15), (3, 3), 2, 3, (3, 2)),
    "padding-beyond-the-kernel": ((2, 12, 5, 6), (2, 3), 1, 5, 1),
    "more-taps-than-are-taken-at-a-time": ((1, 24, 10, 9), (5, 5), 1, 2, 1),
    "large-kernel": ((1, 8, 9, 9), (7, 7), 1, 3, 1),
    "kernel-wider-than-the-image": ((1, 8, 2, 3), (5, 5), 1, 2, 1),
    "pixel-kernel": ((2, 10, 6, 7), (1, 1), 2, 0, 1),
    "one-dimension": ((2, 18, 21), (4,), 2, 3, 1),
    "three-dimensions": ((2, 9, 4, 5, 6), (2, 3, 2), (1, 2, 1), 1, (1, 1, 2)),
    "rows-beyond-the-cache": ((1, 40, 3, 700), (3, 3), 1, 1, 1),
}


@pytest.mark.parametrize("name", DEPTHWISE)
def test_depthwise(name: str) -> None:
    size, kernel, stride, padding, dilation = DEPTHWISE[name]
    channels = size[1]
    check(size, (channels, 1, *kernel), stride, padding, dilation, channels)


def test_several_outputs_of_each_channel() -> None:
    check((2, 6, 7, 8), (18, 1, 3, 3), 1, 1, 1, 6)


@pytest.mark.parametrize(
    "size, outputs",
    [((2, 20, 9, 7), 12), ((1, 3, 30, 31), 5), ((3, 16, 1, 1), 8), ((2, 33, 20), 40)],
)
def test_pointwise(size: tuple[int, ...], outputs: int) -> None:
    check(size, (outputs, size[1], *[1] * (len(size) - 2)), 1, 0, 1, 1)


# 3x3 with enough channels and pixels for Winograd's algorithm: image size, outputs, padding.
WINOGRAD: dict[str, tuple[tuple[int, ...], int, Any]] = {
    "whole-vectors": ((2, 32, 16, 16), 64, 1),
    "odd-sizes": ((3, 32, 9, 13), 32, 1),
    "channels-beside-vectors": ((2, 17, 12, 10), 99, 1),
    "no-padding": ((2, 24, 12, 11), 32, 0),
    "widest-padding": ((2, 16, 9, 10), 32, 2),
    "uneven-padding": ((2, 16, 10, 13), 32, (0, 2)),
    "more-outputs-than-tiles": ((1, 48, 13, 14), 128, 1),
    "many-tiles": ((8, 16, 40, 30), 32, 1),
    "deep": ((1, 300, 12, 12), 96, 1),
}


@pytest.mark.parametrize("name", WINOGRAD)
def test_winograd(name: str) -> None:
    size, outputs, padding = WINOGRAD[name]
    check(size, (outputs, size[1], 3, 3), 1, padding, 1, 1)


@pytest.mark.parametrize("outputs", [32, 256])
def test_winograd_does_not_depend_on_threads(outputs: int) -> None:
    x, weight = random(2, 32, 24, 24, seed=0), random(outputs, 32, 3, 3, seed=1)
    bias, g = random(outputs, seed=2), random(2, outputs, 24, 24, seed=3)
    threads = engine.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            engine.set_num_threads(count)
            found.append(results(x, weight, bias, (1, 1), g))
    finally:
        engine.set_num_threads(threads)
    for others in found[1:]:
        for a, b in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_nan_and_inf_affect_only_their_windows(value: float) -> None:
    """Winograd's algorithm would spread nan to neighbours, or overflow in intermediate results."""
    x, weight, bias = random(1, 32, 16, 16, seed=0), random(32, 32, 3, 3, seed=1), engine.zeros(32)
    g = random(1, 32, 16, 16, seed=2)
    clean = results(x, weight * 1e-3, bias, (1, 1), g)
    x[0, 3, 5, 6] = g[0, 4, 9, 2] = value
    y, dx, dweight, _ = results(x, weight * 1e-3, bias, (1, 1), g)
    for got, before, (i, j) in ((y, clean[0], (5, 6)), (dx, clean[1], (9, 2))):
        near = np.zeros(got.shape, bool)
        near[0, :, i - 1 : i + 2, max(j - 1, 0) : j + 2] = True
        np.testing.assert_allclose(got[~near], before[~near], rtol=1e-4, atol=1e-5)
        assert np.isfinite(value) or not np.isfinite(got[near]).any()
        assert np.isinf(value) or np.isnan(value) or np.isfinite(got).all()
    near = np.zeros(dweight.shape, bool)
    near[4] = near[:, 3] = True
    np.testing.assert_allclose(dweight[~near], clean[2][~near], rtol=1e-3, atol=1e-3)
    assert np.isfinite(value) or not np.isfinite(dweight[near]).any()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bias", [None, random(12, seed=2)])
def test_pointwise_leaves_images_as_they_lie(layout: str, bias: Tensor | None) -> None:
    x, weight = laid(random(2, 20, 9, 7, seed=0), layout), random(12, 20, 1, 1, seed=1)
    for y in (
        engine.conv2d(x, weight, bias),
        engine.conv_transpose2d(x, weight.transpose(0, 1), bias),
    ):
        wanted = np.einsum("nchw,oc->nohw", x.double().numpy(), weight.double().numpy()[..., 0, 0])
        if bias is not None:
            wanted += bias.numpy()[:, None, None]
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-4, atol=1e-4)
        assert y.is_contiguous() == (layout == "first")


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("groups", [1, 12])
def test_an_empty_batch(kernel: int, groups: int) -> None:
    x = engine.zeros(0, 12, 5, 5, requires_grad=True)
    weight = engine.ones(12, 12 // groups, kernel, kernel, requires_grad=True)
    y = engine.conv2d(x, weight, None, 1, kernel // 2, 1, groups)
    y.sum().backward()
    assert y.shape == x.shape and x.grad is not None and x.grad.shape == x.shape
    assert weight.grad is not None and not weight.grad.any()


@pytest.mark.parametrize("groups", [1, 16])
def test_a_weight_that_is_a_view(groups: int) -> None:
    x, source = random(2, 16, 8, 8, seed=0), random(3, 3, 16 // groups, 32, seed=1)
    weight = source.permute(3, 2, 0, 1)[::2]
    y = engine.conv2d(x, weight, None, 1, 1, 1, groups)
    wide = engine.conv2d(x.double(), dense(weight, groups).double(), None, 1, 1)
    np.testing.assert_allclose(y.numpy(), wide.numpy(), rtol=1e-4, atol=1e-4)

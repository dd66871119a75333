"""Max unpooling and fractional max pooling."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F
from engine.testing import gradcheck
from tests.engine.nn.reference import Array, array, close, draw, tensor


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling_puts_the_maxima_back(n: int) -> None:
    x = draw(2, 3, *[6] * n)
    pooled, indices = getattr(F, f"max_pool{n}d")(tensor(x), 2, return_indices=True)
    got = getattr(nn, f"MaxUnpool{n}d")(2)(pooled, indices)
    wanted = np.zeros_like(x)
    for at in itertools.product(*[range(s) for s in pooled.shape]):
        window = tuple(slice(2 * i, 2 * i + 2) for i in at[2:])
        patch = x[(*at[:2], *window)]
        wanted[(*at[:2], *window)] = np.where(patch == patch.max(), patch, 0)
    close(got, wanted)
    values = pooled.detach().requires_grad_()
    assert gradcheck(lambda v: getattr(F, f"max_unpool{n}d")(v, indices, 2), [values])


def test_unpooling_to_a_size() -> None:
    x = tensor(draw(1, 1, 5, 7))
    pooled, indices = F.max_pool2d(x, 2, return_indices=True)
    got = F.max_unpool2d(pooled, indices, 2, output_size=x.shape)
    assert tuple(got.shape) == (1, 1, 5, 7) and got.max().item() == pooled.max().item()
    with pytest.raises(ValueError, match=r"output_size \(9, 9\) is not within the stride"):
        F.max_unpool2d(pooled, indices, 2, output_size=(9, 9))
    with pytest.raises(RuntimeError, match="indices must be from 0 to 23"):
        F.max_unpool2d(pooled, indices + 30, 2)


def starts(sample: float, size: int, kernel: int, out: int) -> list[int]:
    step = (size - kernel) / (out - 1)
    return [int((i + sample) * step) - int(sample * step) for i in range(out - 1)] + [size - kernel]


def fractional(x: Array, samples: Array, kernel: tuple[int, ...], out: tuple[int, ...]) -> Array:
    n = len(kernel)
    result = np.zeros((*x.shape[:2], *out))
    for b, c in itertools.product(*map(range, x.shape[:2])):
        sample = samples[b, c] if n == 3 else samples[b, c][::-1]
        begins = [starts(sample[i], x.shape[2 + i], kernel[i], out[i]) for i in range(n)]
        for at in itertools.product(*map(range, out)):
            first = [begins[i][at[i]] for i in range(n)]
            window = tuple(slice(f, f + k) for f, k in zip(first, kernel, strict=True))
            result[(b, c, *at)] = x[(b, c, *window)].max()
    return result


@pytest.mark.parametrize(
    ("kernel", "out", "sizes"), [((2, 3), (4, 5), (7, 9)), ((2, 1, 3), (3, 2, 4), (6, 5, 8))]
)
def test_fractional_pooling(
    kernel: tuple[int, ...], out: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    n = len(kernel)
    x, samples = draw(2, 3, *sizes), np.random.default_rng(1).random((2, 3, n))
    layer = getattr(nn, f"FractionalMaxPool{n}d")
    pool = layer(kernel, output_size=out, return_indices=True, _random_samples=tensor(samples))
    values, indices = pool(tensor(x))
    close(values, fractional(x, samples, kernel, out))
    flat = array(indices).reshape(2, 3, -1)
    np.testing.assert_array_equal(
        np.take_along_axis(x.reshape(2, 3, -1), flat, 2), array(values).reshape(2, 3, -1)
    )


def test_fractional_pooling_by_ratio() -> None:
    engine.manual_seed(0)
    x = tensor(draw(2, 8, 8))
    got = F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.75))
    assert tuple(got.shape) == (2, 4, 6) and set(array(got).ravel()) <= set(array(x).ravel())
    with pytest.raises(ValueError, match="give either output_size or output_ratio"):
        nn.FractionalMaxPool2d(2)
    with pytest.raises(ValueError, match=r"has no \(8, 8\) windows of kernel_size \(2, 2\)"):
        F.fractional_max_pool2d(x, 2, output_size=8)

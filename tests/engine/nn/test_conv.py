"""Linear maps and convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F
from tests.engine.nn.reference import array, close, conv, double, draw, tensor

SIZES = {1: (9,), 2: (7, 6), 3: (5, 6, 7)}


def layer(kind: str, n: int, *args: Any, **options: Any) -> Any:
    return double(getattr(nn, f"{kind}{n}d")(*args, **options))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "padding": 2}, {"groups": 2}]
)
def test_convolution(n: int, options: dict[str, int]) -> None:
    module = layer("Conv", n, 4, 6, 3, **options)
    x = draw(2, 4, *SIZES[n])
    settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | options
    wanted = conv(x, array(module.weight), array(module.bias), **settings)
    close(module(tensor(x)), wanted)
    close(module(tensor(x[0])), wanted[0])


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kernel", [2, 3])
def test_same_padding(n: int, kernel: int) -> None:
    module = layer("Conv", n, 2, 3, kernel, padding="same", dilation=2)
    x = draw(1, 2, *SIZES[n])
    total = 2 * (kernel - 1)
    widths = [(0, 0), (0, 0)] + [(total // 2, total - total // 2)] * n
    wanted = conv(np.pad(x, widths), array(module.weight), array(module.bias), 1, 0, 2, 1)
    assert wanted.shape[2:] == SIZES[n]
    close(module(tensor(x)), wanted)


@pytest.mark.parametrize(
    ("mode", "numpy_mode"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
@pytest.mark.parametrize("padding", [1, (1, 2), "same"])
def test_padding_modes(mode: str, numpy_mode: Any, padding: Any) -> None:
    module = layer("Conv", 2, 2, 3, (3, 5), padding=padding, padding_mode=mode)
    x = draw(1, 2, 7, 6)
    high, wide = (1, 1) if padding == 1 else (1, 2)
    padded = np.pad(x, [(0, 0), (0, 0), (high, high), (wide, wide)], mode=numpy_mode)
    close(module(tensor(x)), conv(padded, array(module.weight), array(module.bias), 1, 0, 1, 1))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"groups": 2, "dilation": 2}])
def test_transposed_convolution_is_the_adjoint(n: int, options: dict[str, int]) -> None:
    forward = layer("Conv", n, 4, 6, 3, bias=False, **options)
    backward = layer("ConvTranspose", n, 6, 4, 3, bias=False, **options)
    backward.weight.data = forward.weight.data
    x = tensor(draw(2, 4, *SIZES[n]))
    y = forward(x)
    z = tensor(draw(*y.shape, seed=1))
    back = backward(z, output_size=SIZES[n])
    assert back.shape == x.shape
    np.testing.assert_allclose((y * z).sum().item(), (x * back).sum().item(), rtol=1e-10)


def test_output_size_out_of_reach() -> None:
    module = nn.ConvTranspose2d(1, 1, 3, stride=2)
    assert tuple(module(engine.zeros(1, 1, 4, 4), output_size=(10, 9)).shape) == (1, 1, 10, 9)
    with pytest.raises(ValueError, match=r"output_size \(11, 9\) cannot be reached"):
        module(engine.zeros(1, 1, 4, 4), output_size=(11, 9))


def test_unfold_and_fold() -> None:
    x = draw(2, 3, 6, 7)
    options = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
    columns = F.unfold(tensor(x), **options)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    wanted = np.stack(
        [
            padded[:, :, i : i + 3 : 2, j : j + 3].reshape(2, -1)
            for i in range(6)
            for j in range(0, 5, 2)
        ],
        axis=-1,
    )
    close(columns, wanted)
    y = tensor(draw(*columns.shape, seed=1))
    back = F.fold(y, (6, 7), **options)
    np.testing.assert_allclose((columns * y).sum().item(), (tensor(x) * back).sum().item())
    with pytest.raises(RuntimeError, match=r"fold \(in col2im\): self: expected.*C \* 6, 18"):
        F.fold(engine.zeros(1, 7, 18), (6, 7), **options)


def test_linear_and_bilinear() -> None:
    linear = double(nn.Linear(3, 2))
    x = draw(4, 5, 3)
    close(linear(tensor(x)), x @ array(linear.weight).T + array(linear.bias))
    bilinear = double(nn.Bilinear(3, 2, 4))
    y = draw(4, 5, 2, seed=1)
    wanted = np.einsum("abi,oij,abj->abo", x, array(bilinear.weight), y) + array(bilinear.bias)
    close(bilinear(tensor(x), tensor(y)), wanted)
    assert nn.Identity(3, any="thing")(x) is x


def test_initial_values_are_within_their_bounds() -> None:
    for module, fan_in in ((nn.Linear(50, 40), 50), (nn.Conv2d(4, 30, 3, groups=2), 18)):
        for values in (module.weight, module.bias):
            bound = 1 / np.sqrt(fan_in)
            largest = values.abs().max().item()
            assert 0.8 * bound < largest <= bound


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": 3}, "in_channels 4 is no multiple of groups 3"),
        ({"groups": 0}, "groups must be positive"),
        ({"padding": "full"}, "padding must be 'same', 'valid' or numbers"),
        ({"padding": "same", "stride": 2}, "padding='same' needs stride 1"),
        ({"padding_mode": "mirror"}, "padding_mode must be one of"),
        ({"stride": (1, 2, 3)}, "Conv2d: stride must be an int or 2 ints"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.Conv2d(4, 4, 3, **options)


def test_repr() -> None:
    module = nn.Conv2d(4, 8, 3, padding=1, dilation=2, groups=2, bias=False)
    assert repr(module) == (
        "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), dilation=(2, 2), "
        "groups=2, bias=False)"
    )


def test_integers() -> None:
    x, w = np.arange(24).reshape(1, 2, 3, 4), np.arange(8).reshape(1, 2, 2, 2) + 3
    wanted = conv(x, w, np.zeros(1), 1, 0, 1, 1).astype("int64")
    for dtype in ("int64", "int32", "uint8"):
        got = F.conv2d(tensor(x.astype(dtype)), tensor(w.astype(dtype)))
        assert str(got.dtype) == f"engine.{dtype}"
        np.testing.assert_array_equal(array(got), wanted.astype(dtype))
    back = F.conv_transpose2d(tensor(wanted), tensor(w))
    np.testing.assert_array_equal(
        array(back), array(F.conv_transpose2d(tensor(wanted * 1.0), tensor(w * 1.0)))
    )


def test_another_dtype_is_the_inputs_fault() -> None:
    image = engine.ones(1, 1, 2, 2, dtype=engine.int64)
    for layer in (nn.Conv2d(1, 1, 1), nn.Linear(2, 2)):
        with pytest.raises(
            RuntimeError, match="input: expected dtype float32 as the weight has, got int64"
        ):
            layer(image)


def test_sizes_may_be_numpy_integers() -> None:
    layer = nn.Conv2d(np.int64(3), 4, np.int64(3), padding=(np.int64(1), 0))
    assert repr(layer) == "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 0))"

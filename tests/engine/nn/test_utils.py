"""nn.utils: clipping, parameter vectors and fusion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import utils
from tests.engine.nn.reference import array, close, double, draw, tensor


def parameters_with_gradients() -> list[Any]:
    parameters = [nn.Parameter(tensor(draw(3, 2))), nn.Parameter(tensor(draw(4)))]
    for number, parameter in enumerate(parameters):
        parameter.grad = tensor(draw(*parameter.shape, seed=10 + number))
    return [*parameters, nn.Parameter(engine.ones(1))]  # the last has none


@pytest.mark.parametrize("order", [1.0, 2.0, math.inf])
def test_clip_grad_norm(order: float) -> None:
    parameters = parameters_with_gradients()
    before = np.concatenate([array(p.grad).reshape(-1) for p in parameters[:2]])
    norm = np.linalg.norm(before, order)
    total = utils.clip_grad_norm_(iter(parameters), norm / 2, norm_type=order)
    close(total, norm)
    after = np.concatenate([array(p.grad).reshape(-1) for p in parameters[:2]])
    np.testing.assert_allclose(after, before / 2, rtol=1e-5)
    utils.clip_grad_norm_(parameters, norm * 2, norm_type=order)
    close(parameters[1].grad, after[6:])  # small gradients are unchanged


def test_clip_grad_norm_of_what_is_not_finite() -> None:
    parameters = parameters_with_gradients()
    parameters[0].grad[0, 0] = math.inf
    with pytest.raises(RuntimeError, match="is inf, so they cannot be clipped"):
        utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert utils.clip_grad_norm_([nn.Parameter(engine.ones(1))], 1.0).item() == 0


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize(
    ("size", "dtype"),
    [
        (1e20, "float32"),
        (1e-20, "float32"),
        (1e200, "float64"),
        (1e-200, "float64"),
        (1e4, "float16"),
    ],
)
def test_norms_whose_powers_leave_the_dtype(size: float, dtype: str, order: float) -> None:
    kind = getattr(engine, dtype)
    grads = [
        engine.tensor([3.0, 0.0, -4.0], dtype=kind) * size,
        engine.full((2,), size, dtype=kind),
    ]
    norm = float(np.linalg.norm([3.0, 0.0, 4.0, 1.0, 1.0], order)) * size
    rtol = 2e-3 if dtype == "float16" else 1e-6
    if norm <= engine.finfo(kind).max:
        total = utils.get_total_norm(grads, order)
        assert total.dtype == kind
        np.testing.assert_allclose(total.double().item(), norm, rtol=rtol)
    parameters = [nn.Parameter(engine.zeros_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = grad.clone()
    utils.clip_grad_norm_(parameters, 0.5, order)
    factor = min(1.0, 0.5 / (norm + 1e-6))
    for parameter, grad in zip(parameters, grads, strict=True):
        wanted = grad.double().numpy() * factor
        np.testing.assert_allclose(parameter.grad.double().numpy(), wanted, rtol=2 * rtol)


def test_clipping_where_the_norm_does_not_fit() -> None:
    parameters = [nn.Parameter(engine.zeros(2)) for _ in range(2)]
    for parameter in parameters:
        parameter.grad = engine.tensor([3e38, -3e38])
    assert utils.clip_grad_norm_(parameters, 2.0).item() == math.inf
    for parameter in parameters:
        assert engine.allclose(parameter.grad, engine.tensor([1.0, -1.0]))


def test_clip_grad_value() -> None:
    parameters = parameters_with_gradients()
    before = array(parameters[1].grad).copy()
    utils.clip_grad_value_(parameters, 0.3)
    close(parameters[1].grad, np.clip(before, -0.3, 0.3))


def test_vectors() -> None:
    parameters = parameters_with_gradients()
    vector = utils.parameters_to_vector(parameters[:2])
    assert tuple(vector.shape) == (10,)
    utils.vector_to_parameters(vector.detach() * 2, parameters[:2])
    close(parameters[0], draw(3, 2) * 2)
    close(parameters[1], draw(4) * 2)


def trained_batch_norm(module: Any) -> Any:
    double(module)
    module.running_mean = tensor(draw(4, seed=5))
    module.running_var = tensor(np.abs(draw(4, seed=6)) + 0.5)
    return module.eval()


@pytest.mark.parametrize("bias", [True, False])
def test_fusing_convolution_and_batch_norm(bias: bool) -> None:
    conv = double(nn.Conv2d(2, 4, 3, bias=bias)).eval()
    bn = trained_batch_norm(nn.BatchNorm2d(4))
    x = tensor(draw(2, 2, 5, 5))
    fused = utils.fuse_conv_bn_eval(conv, bn)
    close(fused(x), array(bn(conv(x))))
    assert isinstance(fused.weight, nn.Parameter) and (conv.bias is not None) is bias
    transposed = double(nn.ConvTranspose2d(2, 4, 3, bias=bias)).eval()
    fused = utils.fuse_conv_bn_eval(transposed, bn, transpose=True)
    close(fused(x), array(bn(transposed(x))))
    with pytest.raises(ValueError, match="evaluation mode"):
        utils.fuse_conv_bn_eval(conv.train(), bn)


def test_fusing_linear_and_batch_norm() -> None:
    linear = double(nn.Linear(3, 4)).eval()
    bn = trained_batch_norm(nn.BatchNorm1d(4, affine=False))
    x = tensor(draw(2, 3))
    close(utils.fuse_linear_bn_eval(linear, bn)(x), array(bn(linear(x))))


def test_skip_init() -> None:
    layer: Any = nn.utils.skip_init(nn.Conv2d, 2, 3, kernel_size=2)
    assert type(layer) is nn.Conv2d and tuple(layer.weight.shape) == (3, 2, 2, 2)
    layer.reset_parameters()
    assert abs(layer.weight).max().item() <= 8**-0.5
    for wrong in (nn.ReLU, int):
        with pytest.raises(RuntimeError, match="skip_init: "):
            nn.utils.skip_init(wrong)  # type: ignore[arg-type]


def test_weights_in_another_memory_format() -> None:
    net = nn.Sequential(nn.Conv2d(2, 3, 2))
    nn.utils.convert_conv2d_weight_memory_format(net, engine.channels_last)
    assert net[0].weight.is_contiguous(memory_format=engine.channels_last)

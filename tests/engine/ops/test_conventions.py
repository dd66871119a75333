"""Values where only PyTorch's convention decides: odd bounds, odd dtypes, sizes of 0 and 1."""

from __future__ import annotations

import math

import pytest

import engine
from engine import Tensor, float32, float64, int8, int64, tensor, uint8
from engine.testing import assert_close

F = engine.nn.functional


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (lambda: F.hardtanh_(tensor([-3.0, 0.0, 5.0]), 2.0, 1.0), tensor([1.0, 1.0, 1.0])),
        (lambda: F.softplus(tensor([-0.5, -2.0]), 2, -1.5), tensor([-0.5, 0.5 * 0.0181499])),
        (lambda: engine.logspace(2.5, 0.5, 4, dtype=int8), tensor([100, 21, 4, 1], dtype=int8)),
        (
            lambda: engine.tensordot(tensor([[[2.0, 3.0]]]), tensor([[[1.0, 2.0], [3.0, 4.0]]]), 3),
            tensor(2.0 * 4.0 + 3.0 * 6.0),
        ),
        (lambda: engine.isin(tensor([1, 2]), 2), tensor([False, True])),
        (lambda: engine.isin(tensor([1, 2]), 1.5), tensor([False, False])),
        (lambda: engine.trapezoid(tensor([-128, -1], dtype=int8)), tensor(-64.5)),
        (
            lambda: engine.addr(
                tensor([[1.0]]),
                tensor([200], dtype=uint8),
                tensor([2], dtype=uint8),
            ),
            tensor([[401.0]]),
        ),
        (
            lambda: engine.addr(
                tensor(1.0, dtype=engine.float16),
                tensor([200], dtype=uint8),
                tensor([2], dtype=uint8),
            ),
            tensor([[401.0]], dtype=engine.float16),
        ),
        (lambda: F.pad(tensor([[[1, 2, 3]]]), (1, -1), "circular"), tensor([[[2, 1, 2]]])),
        (lambda: engine.combinations(tensor([1, 2]), 0), tensor([], dtype=int64)),
        (
            lambda: F.bilinear(
                tensor([[2]], dtype=int8), tensor([[3]], dtype=int8), tensor([[[4]]], dtype=int8)
            ),
            tensor([[24]], dtype=int8),
        ),
        (
            lambda: F.scaled_dot_product_attention(
                engine.zeros(1, 0), engine.zeros(2, 0), tensor([[1.0], [3.0]])
            ),
            tensor([[2.0]]),
        ),
        (
            lambda: F.multilabel_soft_margin_loss(
                tensor([[0.0]], dtype=engine.float16), tensor([[1]])
            ),
            tensor(math.log(2), dtype=engine.float16),
        ),
        (lambda: F.dropout2d(tensor([1.0]), training=False), tensor([1.0])),
        (lambda: F.dropout3d(tensor([3]), 1.0), tensor([0])),
        (lambda: F.dropout2d(tensor([[True]]), 1.0), tensor([[False]])),
        (lambda: engine.linspace(-1.5, 0, 3, dtype=int64), tensor([-1, 0, 0])),
        (lambda: engine.zeros(0).var(correction=-1), tensor(math.nan)),
        (
            lambda: engine.ldexp(tensor(0.1, dtype=float64), tensor([-1])),
            tensor([0.05], dtype=float64),
        ),
        (
            lambda: engine.ldexp(tensor([6e-5], dtype=engine.float16), tensor([20])),
            tensor([62.90625], dtype=engine.float16),
        ),
        (lambda: engine.arange(0.5, 2.0, 0.5, dtype=int64), tensor([0, 0, 0])),
        (lambda: F.logsigmoid(tensor([3], dtype=uint8)), tensor([-math.log1p(math.exp(-3))])),
        (
            lambda: F.soft_margin_loss(tensor([100], dtype=int8), tensor([2], dtype=int8)),
            tensor(0.0),
        ),
        (lambda: F.elu(tensor([-1.0, 2.0]), -2.0), tensor([2 - 2 / math.e, 2.0])),
        (
            lambda: engine.addmm(
                tensor([[2]], dtype=uint8), engine.ones(1, 1), engine.ones(1, 1), beta=-2
            ),
            tensor([[-3.0]]),
        ),
        (lambda: F.feature_alpha_dropout(tensor(1.0), training=False), tensor(1.0)),
    ],
)
def test_value(got: object, expected: Tensor) -> None:
    assert_close(got(), expected, equal_nan=True)  # type: ignore[operator]


def test_products_of_matrices_bring_no_nan_from_an_identity() -> None:
    a = tensor([[0.0, -3e38], [-3e38, -1.0]])
    assert_close(a.matrix_power(2), tensor([[math.inf, 3e38], [3e38, math.inf]]))
    assert engine.matrix_power(engine.ones(2, 2, requires_grad=True), 0).requires_grad


def test_numbers_beside_float64_are_float64() -> None:
    x = tensor(0.5, dtype=float64, requires_grad=True)
    engine.xlogy(x, 2.0).backward()
    assert x.grad is not None and x.grad.item() == math.log(2)


def test_batches_without_elements_leave_running_statistics() -> None:
    mean, variance = engine.ones(2), engine.full((2,), 3.0)
    engine.batch_norm(engine.zeros(0, 2, 3), mean, variance, training=True)
    assert mean.tolist() == [1.0, 1.0] and variance.tolist() == [3.0, 3.0]


def test_batches_without_channels_have_gradients() -> None:
    x = engine.zeros(1, 0, 1, requires_grad=True)
    empty, weight = engine.zeros(0), engine.zeros(0, requires_grad=True)
    engine.batch_norm(x, empty, engine.ones(0), weight).sum().backward()
    assert x.grad is not None and x.grad.shape == (1, 0, 1)


def test_normal_has_the_dtype_of_the_means() -> None:
    mean, deviation = engine.zeros(2), engine.ones(2, dtype=float64)
    assert engine.normal(mean, deviation).dtype == float32
    assert engine.normal(0.0, deviation).dtype == float64


def test_combinations_of_too_few_need_gradients() -> None:
    x = engine.ones(1, requires_grad=True)
    found = engine.combinations(x, 2)
    assert found.shape == (0, 2) and found.requires_grad

"""Memory formats."""

from __future__ import annotations

import pytest

import engine

X = engine.arange(120.0).reshape(2, 3, 4, 5)


def test_channels_last() -> None:
    y = X.contiguous(memory_format=engine.channels_last)
    assert y.stride() == (60, 1, 15, 3) and engine.equal(X, y)
    assert y.is_contiguous(memory_format=engine.channels_last) and not y.is_contiguous()
    assert y.contiguous(memory_format=engine.channels_last) is y
    assert X.to(memory_format=engine.channels_last).stride() == y.stride()
    assert y.clone().stride() == y.stride()
    assert y.clone(memory_format=engine.preserve_format).stride() == y.stride()
    assert y.clone(memory_format=engine.contiguous_format).is_contiguous()
    assert engine.zeros_like(X, memory_format=engine.channels_last).stride() == y.stride()
    assert engine.ones_like(X, memory_format=engine.preserve_format).is_contiguous()


def test_volumes() -> None:
    x = engine.zeros(1, 2, 3, 4, 5)
    assert x.contiguous(memory_format=engine.channels_last_3d).stride() == (120, 1, 40, 10, 2)


def test_the_gradient_passes() -> None:
    x = X.detach().requires_grad_()
    (x.contiguous(memory_format=engine.channels_last) * X).sum().backward()
    assert engine.equal(x.grad, X)


def test_modules() -> None:
    conv = engine.nn.Conv2d(3, 8, 3).to(memory_format=engine.channels_last)
    assert conv.weight.is_contiguous(memory_format=engine.channels_last)
    assert engine.allclose(conv(X), conv.to(memory_format=engine.contiguous_format)(X), atol=1e-4)


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="'channels_last' expects 4 dimensions, got shape"):
        X[0].contiguous(memory_format=engine.channels_last)
    with pytest.raises(ValueError, match="memory_format: expected 'contiguous_format'"):
        X.contiguous(memory_format="rows")

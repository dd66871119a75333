"""The engine layout of results is not observable: strides follow PyTorch's rule."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F

SHAPES = [(2, 1, 28, 28), (1, 3, 9, 7), (2, 4, 1, 5), (3, 1, 6, 1)]


def image(shape: tuple[int, ...] = (2, 3, 8, 8)) -> engine.Tensor:
    return engine.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def convolved(x: engine.Tensor, channels: int = 6) -> engine.Tensor:
    kernel = tuple(min(3, size) for size in x.shape[2:])
    weight = engine.ones(channels, x.shape[1], *kernel).cumsum(0) / 10
    return F.conv2d(x, weight)


def is_hidden(x: engine.Tensor) -> bool:
    return engine._C._has_engine_layout(x)


def test_there_is_something_to_hide() -> None:
    y = F.max_pool2d(convolved(image()).relu(), 2) + 1
    assert is_hidden(y) and is_hidden(F.batch_norm(y, engine.zeros(6), engine.ones(6)))
    assert not is_hidden(y.view(-1)) and not is_hidden(y)


@pytest.mark.parametrize("shape", SHAPES)
def test_results_are_row_major(shape: tuple[int, ...]) -> None:
    x = image(shape)
    for y in (convolved(x), convolved(x).relu_(), F.avg_pool2d(convolved(x), 1), convolved(x) * 2):
        n, c, h, w = y.shape
        assert y.stride() == (c * h * w, h * w, w, 1) and y.stride(1) == h * w
        assert y.is_contiguous() and y.contiguous() is y
        if c > 1 and h * w > 1:
            assert not y.is_contiguous(memory_format=engine.channels_last)
        values = y.tolist()
        assert y.view(n, -1).tolist() == [np.ravel(v).tolist() for v in values]
        assert np.ravel(y.numpy()).tolist() == y.view(-1).tolist()


def test_the_commonest_line() -> None:
    net = nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(10, 20, 5))
    x = F.relu(F.max_pool2d(net(image((2, 1, 28, 28))), 2))
    flat = x.view(-1, 320)
    assert flat.shape == (2, 320) and flat._base is x
    assert engine.equal(flat, x.reshape(2, 320)) and engine.equal(flat, x.flatten(1))


VIEWS = {
    "view": lambda y: y.view(2, -1),
    "reshape": lambda y: y.reshape(-1),
    "as_strided": lambda y: y.as_strided((5,), (1,)),
    "select": lambda y: y[0],
    "slice": lambda y: y[:, 1:3],
    "permute": lambda y: y.permute(0, 2, 3, 1),
    "detach": lambda y: y.detach(),
    "data": lambda y: y.data,
    "numpy": lambda y: engine.from_numpy(y.detach().numpy()),
    "dlpack": lambda y: engine.from_dlpack(y.detach()),
    "diagonal": lambda y: y.diagonal(0, 2, 3),
    "unfold": lambda y: y.unfold(2, 2, 2),
    "chunk": lambda y: y.chunk(3, 1)[1],
    "contiguous": lambda y: y.contiguous(),
    "parameter": lambda y: nn.Parameter(y.detach()),
    "subclass": lambda y: y.as_subclass(engine.Tensor),
}


@pytest.mark.parametrize("name", VIEWS)
def test_writes_through_views_arrive(name: str) -> None:
    with engine.no_grad():
        y = convolved(image())
        before = y.tolist()
        y = convolved(image())
        view = VIEWS[name](y)
        view.fill_(7.0)
        wanted = np.array(before, np.float32)
        twin = engine.from_numpy(wanted)
        VIEWS[name](twin).fill_(7.0)
        assert engine.equal(y, twin) and (y == 7).sum() == view.numel()
        y.zero_()
        assert not view.any()


def test_writes_before_a_view_are_in_it() -> None:
    y = convolved(image())
    y += 1
    y[0, 0, 0, 0] = 5
    assert y.view(-1)[0] == 5


def test_channels_last_strides_if_requested() -> None:
    x = image().contiguous(memory_format=engine.channels_last)
    for y in (convolved(x), F.max_pool2d(convolved(x), 2), convolved(x).relu() + 1):
        assert y.is_contiguous(memory_format=engine.channels_last) and not y.is_contiguous()
    weight = engine.ones(4, 3, 3, 3).contiguous(memory_format=engine.channels_last)
    assert F.conv2d(image(), weight).is_contiguous(memory_format=engine.channels_last)
    hidden = convolved(image())
    moved = hidden.contiguous(memory_format=engine.channels_last)
    assert moved is not hidden and moved.is_contiguous(memory_format=engine.channels_last)
    assert engine.equal(moved, hidden) and hidden.is_contiguous()


def test_copies_and_like_constructors() -> None:
    y = convolved(image())
    for made in (engine.zeros_like(y), engine.empty_like(y), y.clone(), y.double(), y.new_ones(2)):
        assert made.is_contiguous()
    assert y.clone(memory_format=engine.preserve_format).stride() == y.stride()
    assert copy.deepcopy(y).stride() == y.stride()


def test_sequences_and_volumes() -> None:
    y = F.conv1d(engine.ones(2, 3, 9), engine.ones(4, 3, 3))
    assert y.stride() == (28, 7, 1) and y.view(2, 28).shape == (2, 28)
    z = F.conv3d(engine.ones(1, 2, 4, 4, 4), engine.ones(3, 2, 2, 2, 2))
    assert z.stride() == (81, 27, 9, 3, 1) and z.view(81).shape == (81,)


def test_gradients_pass_through_the_change_of_layout() -> None:
    x = image().double().requires_grad_()
    weight = engine.ones(4, 3, 3, 3, dtype=engine.float64).requires_grad_()

    def loss(flatten: bool) -> engine.Tensor:
        y = F.conv2d(x, weight).sigmoid()  # its gradient reads the result
        z = y.view(2, -1) if flatten else y
        return (z * engine.arange(float(z.numel())).double().reshape(z.shape)).sum()

    grads = [engine.autograd.grad(loss(flatten), [x, weight]) for flatten in (True, False)]
    for first, second in zip(*grads, strict=True):
        assert engine.allclose(first, second) and first.is_contiguous()


def test_a_write_after_the_change_is_noticed() -> None:
    y = convolved(image()).requires_grad_()
    z = (y * 1).exp()
    w = z * 2  # saves nothing of z; exp saves its result
    z.view(-1)
    z.add_(1)
    w.sum().backward()  # the saved values are the original ones
    assert engine.allclose(y.grad, 2 * y.exp())
    y = convolved(image())
    y += 1
    x = engine.ones(1, requires_grad=True)
    product = x * y  # saves y itself
    y.view(-1)
    product.sum().backward()
    product = x * y
    y.view(-1)[0] = 3
    with pytest.raises(RuntimeError, match="overwritten"):
        product.sum().backward()


def test_threads_that_read_while_another_observes() -> None:
    """The memory is not replaced under a kernel that runs without the GIL."""
    y = convolved(image((4, 16, 64, 64)), 32)
    wanted = y.clone().view(-1).sum().item()
    found: list[float] = []

    def read(tensor: engine.Tensor) -> None:
        found.extend((tensor * 1.0).sum().item() for _ in range(5))

    for _ in range(10):
        tensor = convolved(image((4, 16, 64, 64)), 32)
        reader = threading.Thread(target=read, args=(tensor,))
        reader.start()
        assert tensor.view(-1).numel() == tensor.numel()
        reader.join()
    assert np.allclose(found, wanted, rtol=1e-4)

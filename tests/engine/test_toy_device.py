"""Every op on a second device, whose memory faults when the host accesses it."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine import nn

from .ops import framework
from .ops.framework import Row
from .ops.test_ops import ROWS

try:
    engine.device("toy")
except ValueError:
    pytest.skip("built without the tests' device", allow_module_level=True)


def there(value: Any) -> Any:
    if isinstance(value, engine.Tensor):
        return value.to("toy")
    return [there(v) for v in value] if isinstance(value, list) else value


def here(value: Any) -> Any:
    if isinstance(value, engine.Tensor):
        return value.cpu()
    return [here(v) for v in value] if isinstance(value, (list, tuple)) else value


def has_tensors(row: Row) -> bool:
    flat = [x for a in row.args for x in (a if isinstance(a, list) else [a])]
    return any(isinstance(a, framework.Arg) for a in flat)


@pytest.mark.parametrize("row", framework.named(list(filter(has_tensors, ROWS))))
def test_value(row: Row) -> None:
    dtype = framework.DTYPES[row.dtypes][0]
    arrays, tensors = framework.build(row, dtype)
    answer = row.function()(*map(there, tensors), **row.kwargs)
    assert all(t.device.type == "toy" for t in framework.results(answer))
    framework.compare(row, here(answer), framework.expected(row, arrays), dtype)


def gradients(row: Row, device: str) -> list[engine.Tensor]:
    tensors = framework.build(row, "float64")[1]
    call, inputs = framework._differentiable(row, there(tensors) if device == "toy" else tensors)
    floats = [t for t in framework.results(call(*inputs)) if t.dtype.is_floating_point]
    grads = engine.autograd.grad([t.sum() for t in floats], inputs, allow_unused=True)
    assert all(g is None or g.device.type == device for g in grads)
    return [engine.zeros(()) if g is None else g.cpu() for g in grads]


@pytest.mark.parametrize("row", framework.named([r for r in filter(has_tensors, ROWS) if r.grad]))
def test_gradient(row: Row) -> None:
    for a, b in zip(gradients(row, "cpu"), gradients(row, "toy"), strict=True):
        assert engine.allclose(a, b, rtol=1e-9, atol=1e-11)


def test_copies() -> None:
    x = engine.arange(6.0).reshape(2, 3)
    y = x.to("toy")
    assert y.device == engine.device("toy:0") and str(y.device) == "toy:0"
    assert engine.equal(y.t().cpu(), x.t()) and y.t()[0, 1].item() == 3
    assert engine.equal(engine.empty(3, 2).copy_(y.t()), x.t())
    assert engine.equal(y.copy_(x + 1).to("cpu", engine.int64), (x + 1).long())
    assert "toy:0" in repr(y) and y.tolist() == (x + 1).tolist()


@pytest.mark.parametrize("device", ["cpu", "toy", "meta"])
def test_the_device_chooses_the_layout_of_images(device: str) -> None:
    """Only the CPU prefers channels last; programs see PyTorch's rule everywhere."""
    weight = engine.ones(4, 3, 3, 3, device=device)
    x = engine.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8).to(device)
    for image in (x, x.contiguous(memory_format=engine.channels_last)):
        asked = image is not x
        for y in (nn.functional.conv2d(image, weight), nn.functional.max_pool2d(image, 2)):
            hides = device == "cpu" and not asked and y.shape[1] == 4
            assert engine._C._has_engine_layout(y) == hides
            assert y.is_contiguous(memory_format=engine.channels_last) == asked
            assert y.is_contiguous() != asked


@pytest.mark.parametrize("device", ["cpu", "toy"])
def test_sequences_are_pooled_in_any_layout(device: str) -> None:
    x = engine.randn(2, 6, 5)
    pooled = nn.functional.max_pool1d_with_indices(x.to(device).transpose(1, 2), 2)
    wanted = nn.functional.max_pool1d_with_indices(x.transpose(1, 2).contiguous(), 2)
    assert all(t.is_contiguous() for t in pooled)
    assert all(map(engine.equal, here(pooled), wanted))


def test_training_is_the_same_on_both() -> None:
    losses = {}
    for device in ("cpu", "toy"):
        engine.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.1), nn.Linear(36, 5),
        )  # fmt: skip
        x, target = engine.randn(8, 1, 8, 8), engine.randint(0, 5, (8,))
        model.to(device)
        optimizer = engine.optim.Adam(model.parameters(), lr=0.01)
        losses[device] = []
        for _ in range(5):
            loss = nn.functional.cross_entropy(model(x.to(device)), target.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[device].append(loss.item())
    assert losses["toy"] == pytest.approx(losses["cpu"], rel=1e-5)


def test_lists_are_of_one_device() -> None:
    x = engine.arange(3.0).to("toy")
    with pytest.raises(RuntimeError, match="'self' on toy:0 and 'indices' on cpu"):
        engine.index(x, [engine.tensor(1)])
    assert (x * engine.tensor(2.0)).tolist() == [0, 2, 4]

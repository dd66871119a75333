"""Meta tensors: shapes and dtypes of all ops, as on the CPU."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine import nn

from .ops import framework
from .ops.framework import Row
from .ops.test_ops import ROWS

# The shape of the result depends on values.
BY_VALUE = {
    "argwhere", "bincount", "combinations", "index-mask", "index_put", "masked_scatter",
    "masked_select", "nonzero", "one_hot", "pdist", "repeat_interleave", "unique",
    "unique_consecutive",
}  # fmt: skip


def has_tensors(row: Row) -> bool:
    flat = [x for a in row.args for x in (a if isinstance(a, list) else [a])]
    return not {row.op, row.id} & BY_VALUE and any(isinstance(a, framework.Arg) for a in flat)


def on_meta(value: Any) -> Any:
    if isinstance(value, engine.Tensor):
        return value.to("meta")
    return [on_meta(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("row", framework.named(list(filter(has_tensors, ROWS))))
def test_shapes(row: Row) -> None:
    dtype = framework.DTYPES[row.dtypes][0]
    tensors = framework.build(row, dtype)[1]
    here = framework.results(row.function()(*tensors, **row.kwargs))
    there = framework.results(row.function()(*map(on_meta, tensors), **row.kwargs))
    for a, b in zip(here, there, strict=True):
        assert b.device.type == "meta" and a.shape == b.shape and a.dtype == b.dtype
        assert a.stride() == b.stride()


@pytest.mark.parametrize("op", ["nonzero", "unique", "bincount"])
def test_shapes_that_depend_on_values_are_refused(op: str) -> None:
    x = engine.zeros(3, dtype=engine.int64, device="meta")
    with pytest.raises(NotImplementedError, match="depends on values"):
        getattr(engine, op)(x)


def test_there_is_no_data() -> None:
    x = engine.ones(2, 3, device="meta")
    assert repr(x) == "tensor(..., device='meta', size=(2, 3))"
    assert repr(x.long()) == "tensor(..., device='meta', size=(2, 3), dtype=int64)"
    for read in (x.cpu, x[0, 0].item, lambda: bool(x[0, 0])):
        with pytest.raises(NotImplementedError, match="meta tensor"):
            read()
    with pytest.raises(TypeError, match=r"numpy.*meta"):
        x.numpy()
    engine.zeros(2, 3).to("meta").add_(1)
    with pytest.raises(NotImplementedError, match="meta tensor"):
        engine.zeros(2, 3).copy_(x)
    assert x.copy_(engine.zeros(3)).device.type == "meta"


def test_devices_do_not_mix() -> None:
    x, y = engine.ones(2), engine.ones(2, device="meta")
    with pytest.raises(RuntimeError, match="'self' on cpu and 'other' on meta"):
        engine.add(x, y)
    with pytest.raises(RuntimeError, match="'tensors' on meta and 'tensors' on cpu"):
        engine.cat([y, x])
    assert (y * engine.tensor(2.0)).device.type == "meta"  # counts as a number
    assert (engine.tensor(2.0) * y).device.type == "meta"


def test_a_training_step_of_any_size() -> None:
    former = engine._C._set_default_device("meta")
    try:
        model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten())
        x = engine.ones(10_000, 3, 512, 512)
    finally:
        engine._C._set_default_device(former)
    y = model(x)
    assert y.shape == (10_000, 8 * 510 * 510)
    y.sum().backward()
    assert model[0].weight.grad.shape == (8, 3, 3, 3)
    assert model[0].weight.grad.device.type == "meta"


def test_gradients_cross_devices() -> None:
    x = engine.ones(2, 3, device="meta", requires_grad=True)
    (x * engine.ones(2, 3).to("meta")).sum().backward()
    assert x.grad.device.type == "meta"
    y = engine.ones(2, 3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="meta tensor"):  # its gradient has no data
        (x.detach() * y.to("meta")).sum().backward()

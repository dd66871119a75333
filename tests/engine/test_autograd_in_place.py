"""Gradients of in-place writes, also through views, against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

import engine
from engine import Tensor
from engine.testing import gradcheck, gradgradcheck


def leaf(*values: float) -> Tensor:
    return engine.tensor(values, dtype=engine.float64, requires_grad=True)


# Each works on y, a fresh 2 x 3 result of the graph, and w, a leaf of shape (3,).


def write_rows(y: Tensor, w: Tensor) -> Any:
    y[0].mul_(w)
    y[1] = w * 2
    return y * y


def write_elements(y: Tensor, w: Tensor) -> Any:
    y[1, 2] = y[0, 0].clone() * w[0]
    y[:, 1] += w[1]
    return y * y


def view_taken_before(y: Tensor, w: Tensor) -> Any:
    v = y[:, 1:]
    y.mul_(w)
    return v * v, y


def view_taken_after(y: Tensor, w: Tensor) -> Any:
    y.mul_(w)
    return y[:, 1:] * y[:, :2]


def view_written_then_base_used(y: Tensor, w: Tensor) -> Any:
    v = y[:, 1:]
    v.mul_(w[1:])
    v.add_(1)
    return y * y, v * 3


def two_overlapping_views(y: Tensor, w: Tensor) -> Any:
    a, b = y[:, :2], y[:, 1:]
    a.mul_(w[:2])
    b.mul_(w[1:])
    a.add_(w[0])
    return a * a, b * b, y


def a_view_used_and_then_stale(y: Tensor, w: Tensor) -> Any:
    v = y[0]
    before = v * 2
    y.add_(w)
    return before + v, v * v


def chained_views(y: Tensor, w: Tensor) -> Any:
    a = y.view(3, 2)
    b = a.t()[1:]
    c = b[0, ::2].unsqueeze(0)
    c.mul_(w[:2])
    b.add_(1)
    return y * y, a * w[0], c * c


def negative_steps(y: Tensor, w: Tensor) -> Any:
    v = y[:, ::-1]
    v.mul_(w)
    v[0, ::-2] = 3.0
    return y * y, v * w


def diagonal_and_transpose(y: Tensor, w: Tensor) -> Any:
    y.t().diagonal().mul_(w[:2])
    y.mT[1:].add_(w[1:, None])
    return y * y


def fills(y: Tensor, w: Tensor) -> Any:
    y[0].zero_()
    y[1, 1:].fill_(w[0])
    y[1, 0] = 5
    return y * y


def masks_and_indices(y: Tensor, w: Tensor) -> Any:
    y[engine.tensor([[True, False, True], [False, True, False]])] = w
    y[[1, 0], [2, 1]] += w[1:]
    y.masked_fill_(engine.tensor([True, False, False]), 2.0)
    return y * y


def into_fresh_memory(y: Tensor, w: Tensor) -> Any:
    out = engine.zeros(2, 4, dtype=y.dtype)
    v = out[:, 1:]
    early = out[0]
    v.copy_(y)
    out[:, 0] = w[:2]
    return out * out, early * v[1, 0], engine.cat([early, early])


def copy_from_itself(y: Tensor, w: Tensor) -> Any:
    y[:, 1:] = y[:, :-1]
    y[0].copy_(y[1] + w)
    return y * y


def saves_what_it_overwrites(y: Tensor, w: Tensor) -> Any:
    y.mul_(w).mul_(w).mul_(y)
    y[0].sin_().pow_(2)
    return y.exp_()


def saves_its_result(y: Tensor, w: Tensor) -> Any:
    y[0].mul_(w)
    y[1] = w.exp()
    return y.sigmoid_() * w


def composed_ops(y: Tensor, w: Tensor) -> Any:
    y.clamp_(min=-0.5, max=1.5)
    y.index_add_(1, engine.tensor([0, 2]), w[:2].expand(2, 2))
    return y * y


def broadcast_into(y: Tensor, w: Tensor) -> Any:
    y.copy_(w)
    y.add_(w[:2, None])
    return y * y


PROGRAMS = [
    write_rows,
    write_elements,
    view_taken_before,
    view_taken_after,
    view_written_then_base_used,
    two_overlapping_views,
    a_view_used_and_then_stale,
    chained_views,
    negative_steps,
    diagonal_and_transpose,
    fills,
    masks_and_indices,
    into_fresh_memory,
    copy_from_itself,
    saves_what_it_overwrites,
    saves_its_result,
    composed_ops,
    broadcast_into,
]
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": lambda x: x * 1.5,
    "transposed": lambda x: (x.t() * 1.5).t(),
    "part": lambda x: engine.cat([x, x, x], 1)[:, 2:5] * 1.5,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_gradients(program: Callable[[Tensor, Tensor], Any], layout: str) -> None:
    if program is chained_views and layout == "transposed":
        pytest.skip("view() needs row-major memory")
    x = engine.tensor([[0.3, -0.7, 1.1], [0.9, 0.4, -1.2]], dtype=engine.float64).requires_grad_()
    w = leaf(1.3, -0.6, 0.8)

    def run(x: Tensor, w: Tensor) -> Any:
        return program(LAYOUTS[layout](x), w)

    assert gradcheck(run, (x, w)) and gradgradcheck(run, (x, w))


VIEWS: list[Callable[[Tensor], Tensor]] = [
    lambda y: y,
    lambda y: y[0],
    lambda y: y[:, 1:],
    lambda y: y.t()[::2],
    lambda y: y.view(-1)[1:4],
    lambda y: y.view(3, 2)[1:].t(),
]
WRITES: list[Callable[[Tensor, Tensor], Any]] = [
    lambda v, w: v.mul_(w[0]),
    lambda v, w: v.add_(w[1]),
    lambda v, w: v.copy_(v.clone().sin() * w[2]),
    lambda v, w: v.sin_().mul_(2),
    lambda v, w: v.zero_(),
]


@given(
    st.lists(st.sampled_from(range(len(VIEWS))), min_size=1, max_size=3),
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(range(len(WRITES)))), min_size=1, max_size=5
    ),
)
def test_any_order_of_writes(chosen: list[int], writes: list[tuple[int, int]]) -> None:
    def run(x: Tensor, w: Tensor) -> Any:
        y = x * 1
        views = [VIEWS[p](y) for p in chosen]
        for which, write in writes:
            WRITES[write](views[which % len(views)], w)
        return y * w[0], *(v * v for v in views)

    x = engine.tensor([[0.3, -0.7, 1.1], [0.9, 0.4, -1.2]], dtype=engine.float64).requires_grad_()
    w = leaf(1.3, -0.6, 0.8)
    assert gradcheck(run, (x, w))


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.mul_(2),
        lambda x: x[0].mul_(2),
        lambda x: x.view(-1).zero_(),
        lambda x: x.__setitem__(0, 5.0),
        lambda x: x.clamp_(min=2),
    ],
)
def test_leaves_are_not_written(write: Callable[[Tensor], Any]) -> None:
    with pytest.raises(
        RuntimeError, match=r"a leaf tensor that requires a gradient can't be written"
    ):
        write(leaf(1, 2))
    with engine.no_grad():
        x = leaf(1, 2)
        write(x)
    assert x.is_leaf and x.tolist() != [1, 2]
    v = engine.ones(2)[:1].requires_grad_()
    with pytest.raises(RuntimeError, match="leaf"):
        v.mul_(2)


@pytest.mark.parametrize(
    "save, write, message",
    [
        (lambda y: y * y, lambda y: y.add_(1), "gradient of 'mul' was overwritten by 'add_'"),
        (
            lambda y: y * y[0],
            lambda y: y[1:].zero_(),
            "gradient of 'mul' was overwritten by 'zero_'",
        ),
        (
            lambda y: y[:1].sin(),
            lambda y: y.copy_(y * 2),
            "gradient of 'sin' was overwritten by 'copy_'",
        ),
        (
            lambda y: y.sin(),
            lambda y: y.data.mul_(2),
            "gradient of 'sin' was overwritten by 'mul_'",
        ),
        (lambda y: y + 1, lambda y: y.zero_(), None),
    ],
)
def test_overwriting_what_was_saved(
    save: Callable[[Tensor], Tensor], write: Callable[[Tensor], Any], message: str | None
) -> None:
    x = leaf(1, 2)
    y = x * 1
    result = save(y)
    write(y)
    if message is None:
        result.sum().backward()
        return
    with pytest.raises(RuntimeError, match=message + r".*clone\(\)"):
        result.sum().backward()


def test_overwriting_saved_results_indices_and_operands() -> None:
    x = leaf(1, 2)
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="gradient of 'exp' was overwritten by 'mul_'"):
        y.sum().backward()
    index = engine.tensor([0, 1])
    z = x[index]
    index.zero_()
    with pytest.raises(RuntimeError, match="gradient of 'index' was overwritten by 'zero_'"):
        z.sum().backward()
    y = x * 1
    y[1:].mul_(y[:-1])  # the other operand overlaps the written memory
    with pytest.raises(RuntimeError, match="gradient of 'mul' was overwritten by 'mul_'"):
        y.sum().backward()


# --- uses after a write ---------------------------------------------------------------------------


def test_a_write_brings_memory_into_the_graph() -> None:
    x, w = engine.zeros(4, dtype=engine.float64), leaf(1, 2)
    early = x[:2]
    x[:2] = w
    late = x[1:]
    assert all(t.requires_grad and not t.is_leaf for t in (x, early, late))
    assert early.grad_fn is not None and (early * 1).grad_fn is not None
    ints = engine.zeros(2, dtype=engine.int64)
    ints.copy_(w)
    assert not ints.requires_grad and ints.is_leaf


def test_writes_outside_the_graph_are_constants() -> None:
    x = leaf(1, 2)
    y = x * 3
    v = y[0]
    with engine.no_grad():
        v.mul_(10)
    (y * y).sum().backward()
    assert y.tolist() == [30, 6] and x.grad.tolist() == [180, 36]


def test_retained_gradients_follow_the_tensor() -> None:
    x = leaf(1, 2)
    y = x * 3
    y.retain_grad()
    y.mul_(5)
    y.sum().backward()
    assert y.grad.tolist() == [1, 1] and x.grad.tolist() == [15, 15]


def test_a_hook_on_a_stale_view_runs_once() -> None:
    x, seen = leaf(1, 2), []
    y = x * 1
    v = y[:1]
    y.mul_(2)
    a = v * 3  # v gets a new node, used by two ops
    v.register_hook(lambda g: seen.append(g.item()))
    b = v * 4
    (a + b).backward()
    assert seen == [7] and x.grad.tolist() == [14, 0]


@pytest.mark.parametrize("write", ["eq_", "lt_", "logical_or_", "isnan_"])
def test_a_written_truth_does_not_depend_on_what_was_there(write: str) -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    getattr(y, write)(*([] if write == "isnan_" else [leaf(3.0, 1.0)]))
    y.sum().backward()
    assert x.grad is None or not x.grad.any()


@pytest.mark.parametrize("op", ["nextafter", "heaviside"])
def test_numbers_without_a_derivative_raise(op: str) -> None:
    result = getattr(engine, op)(leaf(1.0, 0.0), engine.ones(2, dtype=engine.float64))
    with pytest.raises(RuntimeError, match=f"'{op}' has no derivative"):
        result.sum().backward()

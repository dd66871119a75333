"""Ops and backward passes in concurrent Python threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import engine
from engine import Tensor

LARGE = 40_000  # elements: kernels of this size release the GIL


def both(work: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, range(2)))


def test_ops_in_two_threads() -> None:
    def work(k: int) -> float:
        x = engine.full((LARGE,), float(k + 1))
        for _ in range(50):
            x = (x * 2 + 2) / 2 - 1
        return x.sum().item()

    assert both(work) == [LARGE, 2 * LARGE]


def test_graphs_in_two_threads() -> None:
    def work(k: int) -> list[float]:
        x = engine.full((LARGE,), float(k + 1), requires_grad=True)
        for _ in range(10):
            (x * x).sum().backward()
        return x.grad[:2].tolist()

    assert both(work) == [[20.0, 20.0], [40.0, 40.0]]


@pytest.mark.parametrize("size", [3, LARGE])
def test_two_threads_add_into_the_same_leaf(size: int) -> None:
    shared = engine.ones(size, requires_grad=True)
    passes = 40

    def work(k: int) -> None:
        for _ in range(passes):
            ((shared * 2).exp().log() * (shared + k)).sum().backward()

    both(work)
    # d/dw of 2w (w + k) at 1 is 4 + 2k
    engine.testing.assert_close(shared.grad, engine.full((size,), passes * (4.0 + 6.0)))


def test_two_threads_walk_the_same_graph() -> None:
    x = engine.ones(LARGE, requires_grad=True)
    y = x
    for _ in range(10):
        y = y + x * 1
    total = y.sum()

    def work(_: int) -> Tensor:
        for _ in range(10):
            (g,) = engine.autograd.grad(total, x, retain_graph=True)
        return g

    for g in both(work):
        assert engine.equal(g, engine.full((LARGE,), 11.0))


def test_modes_belong_to_their_thread() -> None:
    with engine.no_grad():
        assert both(lambda _: engine.is_grad_enabled()) == [True, True]
        assert not engine.is_grad_enabled()


def test_errors_stay_in_their_thread() -> None:
    def work(k: int) -> str:
        if k:
            return str(engine.ones(LARGE).sum().item())
        with pytest.raises(RuntimeError, match="do not broadcast"):
            engine.ones(2) + engine.ones(3)
        return "raised"

    assert both(work) == ["raised", str(float(LARGE))]

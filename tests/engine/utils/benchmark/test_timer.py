"""Timers with a simulated clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import engine
from engine.utils.benchmark import Timer


class Clock:
    """Advances by a microsecond at each reading and by the argument of `sleep`."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def timer(stmt: str, **options: Any) -> Timer:
    clock = Clock()
    return Timer(stmt, timer=clock, globals={"sleep": clock.sleep}, **options)


def test_timeit() -> None:
    result = timer("sleep(0.5)", label="nap").timeit(20)
    assert result.number_per_run == 20 and len(result.raw_times) == 1
    assert result.median == pytest.approx(0.5, rel=1e-6) and result.title == "nap"


def test_blocked_autorange() -> None:
    seen: list[tuple[int, float]] = []
    result = timer("sleep(1e-3)").blocked_autorange(lambda *block: seen.append(block), 0.5)
    # A block of 10 runs outlasts 10,000 readings of the clock.
    assert result.number_per_run == 10 and len(result.raw_times) == 50
    assert result.median == pytest.approx(1e-3, rel=1e-3) and len(seen) == 50
    assert seen[0] == (10, pytest.approx(1e-2, rel=1e-3))


def test_adaptive_autorange_goes_on_until_times_agree() -> None:
    steady = timer("sleep(1e-2)").adaptive_autorange(min_run_time=0.01)
    assert len(steady.raw_times) == 4 and steady.meets_confidence(0.01)
    clock = Clock()
    noise = iter(lambda: 1e-2 if int(clock.now * 100) % 2 else 3e-2, None)
    names = {"sleep": clock.sleep, "noise": noise}
    result = Timer("sleep(next(noise))", timer=clock, globals=names).adaptive_autorange(
        1e-9, max_run_time=1.0
    )
    assert sum(result.raw_times) > 1.0 and not result.meets_confidence(1e-9)


def test_threads_are_set_while_timing() -> None:
    before, seen = engine.get_num_threads(), []
    Timer("seen.append(engine.get_num_threads())", globals={"seen": seen}, num_threads=2).timeit(3)
    assert set(seen) == {2} and engine.get_num_threads() == before


def test_code_may_be_indented() -> None:
    result = Timer(
        """
        for i in range(2):
            total += i
        """,
        setup="""
        total = 0
        """,
    ).timeit(2)
    assert result.stmt == "for i in range(2):\n    total += i" and result.setup == "total = 0"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Timer(3), ValueError, "stmt must be a str, got int"),
        (
            lambda: Timer("x", language="c++"),
            NotImplementedError,
            "C\\+\\+ are not implemented yet",
        ),
        (lambda: Timer("x", language="lua"), ValueError, "language must be 'python', got 'lua'"),
        (lambda: Timer("x", num_threads=0), ValueError, "num_threads must be positive, got 0"),
        (lambda: Timer().timeit(0), ValueError, "number must be positive, got 0"),
        (lambda: Timer().collect_callgrind(), NotImplementedError, "are not implemented yet"),
        (lambda: Timer().repeat(), NotImplementedError, "use blocked_autorange"),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()

"""Timer of Python statements."""

from __future__ import annotations

import enum
import textwrap
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import engine
from engine import _C
from engine._validation import check_int
from engine.utils.benchmark.measurement import Measurement, TaskSpec

timer = timeit.default_timer

# The minimum time of a run; less cannot be measured.
_SHORTEST = 1e-9
_LARGEST_BLOCK = 2**31 - 1


class Language(enum.Enum):
    """The language of a statement."""

    PYTHON = 0
    CPP = 1


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = _C.get_num_threads()
    try:
        _C.set_num_threads(number)
        yield
    finally:
        _C.set_num_threads(before)


class Timer:
    """Times a statement after a warm-up, with num_threads threads.

    `stmt` sees `globals`, what `setup` defines, and `engine`. `label`, `sub_label`, `description`
    and `env` name the table, row and column of the result in `Compare`. `timer` gives the time in
    seconds.

    >>> from engine.utils.benchmark import Timer
    >>> result = Timer("x.sum()", "x = engine.ones(10)").timeit(100)
    >>> result.number_per_run, result.median > 0
    (100, True)
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Language | str = Language.PYTHON,
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError(f"Timer: stmt must be a str, got {type(stmt).__name__}")
        if language in (Language.CPP, "cpp", "c++"):
            raise NotImplementedError("Timer: statements of C++ are not implemented yet")
        if language not in (Language.PYTHON, "py", "python"):
            raise ValueError(f"Timer: language must be 'python', got {language!r}")
        if global_setup:
            raise ValueError("Timer: global_setup is for C++; put it into setup")
        check_int("Timer", "num_threads", num_threads, low=1)
        stmt, setup = _plain(stmt), _plain(setup)
        names = {"engine": engine, **(globals or {})}
        self._timer = timeit.Timer(stmt, setup, timer, names)
        self._task_spec = TaskSpec(
            stmt, setup, global_setup, label, sub_label, description, env, num_threads
        )

    def _seconds(self, number: int) -> float:
        return max(self._timer.timeit(number), _SHORTEST)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One measurement of `number` runs."""
        check_int("timeit", "number", number, low=1)
        with _threads(self._task_spec.num_threads):
            self._seconds(max(number // 100, 2))
            return Measurement(number, [self._seconds(number)], self._task_spec)

    def blocked_autorange(
        self,
        callback: Callable[[int, float], NoReturn] | None = None,
        min_run_time: float = 0.2,
    ) -> Measurement:
        """Times of blocks of runs, each long enough to be measured, for min_run_time in all.

        `callback(number, seconds)` is called after each block.
        """
        return self._autorange(min_run_time, lambda result: True, None, callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], NoReturn] | None = None,
    ) -> Measurement:
        """Like blocked_autorange, until the distance of the quartiles is below a fraction of the
        median, or for max_run_time."""

        def is_enough(result: Measurement) -> bool:
            return len(result.raw_times) > 3 and result.meets_confidence(threshold)

        return self._autorange(min_run_time, is_enough, max_run_time, callback)

    def _autorange(
        self,
        min_run_time: float,
        is_enough: Callable[[Measurement], bool],
        max_run_time: float | None,
        callback: Callable[[int, float], NoReturn] | None,
    ) -> Measurement:
        with _threads(self._task_spec.num_threads):
            number = self._block_size(min_run_time)
            result, total = Measurement(number, [], self._task_spec), 0.0
            while total < min_run_time or not is_enough(result):
                seconds = self._seconds(number)
                result.raw_times.append(seconds)
                total += seconds
                if callback is not None:
                    callback(number, seconds)
                if max_run_time is not None and total > max_run_time:
                    break
        return result

    def _block_size(self, min_run_time: float) -> int:
        """Number of runs for which reading the clock is negligible; its search warms up."""
        overhead = sorted(self._seconds(0) for _ in range(5))[2]
        number = 1
        while number * 10 <= _LARGEST_BLOCK:
            seconds = self._seconds(number)
            measurable = overhead <= 1e-4 * seconds and seconds >= min_run_time / 1000
            if measurable or seconds > min_run_time:
                break
            number *= 10
        return number

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Not offered, as in PyTorch: see `blocked_autorange`."""
        raise NotImplementedError("repeat: use blocked_autorange")

    def autorange(self, callback: Callable[[int, float], NoReturn] | None = None) -> None:
        """Not offered, as in PyTorch: see `blocked_autorange`."""
        raise NotImplementedError("autorange: use blocked_autorange")

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: instructions are not counted yet."""
        raise NotImplementedError(
            "collect_callgrind: counts of instructions are not implemented yet"
        )


def _plain(code: str) -> str:
    """Code without its common indentation and empty first line."""
    return textwrap.dedent(code).removeprefix("\n").rstrip()

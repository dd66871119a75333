"""Recording the ops of a thread."""

from __future__ import annotations

import enum
import functools
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from engine import _C
from engine.profiler.report import AverageList, Event, averages, chrome_trace

F = TypeVar("F", bound=Callable[..., Any])


class ProfilerActivity(enum.Enum):
    """The activities to record: ops of the CPU are the only ones."""

    CPU = "cpu"
    CUDA = "cuda"


class ProfilerAction(enum.Enum):
    """The profiler's action in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """Schedule of the steps to record: ``active`` ones after ``wait`` and ``warmup``.

    The cycle is repeated ``repeat`` times, or without end for 0. Steps are counted by
    :meth:`profile.step`. Raises ValueError for a negative count or no active step.

    >>> import engine
    >>> plan = engine.profiler.schedule(wait=1, warmup=1, active=2)
    >>> [plan(step).name for step in range(4)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE']
    """
    counts = {"wait": wait, "warmup": warmup, "repeat": repeat, "skip_first": skip_first}
    for name, count in counts.items():
        if count < 0:
            raise ValueError(f"schedule: {name}: expected 0 or more, got {count}")
    if active < 1:
        raise ValueError(f"schedule: active: expected 1 or more, got {active}")
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if step < 0 or (repeat > 0 and step // length >= repeat):
            return ProfilerAction.NONE
        position = step % length
        if position < wait:
            return ProfilerAction.NONE
        if position < wait + warmup:
            return ProfilerAction.WARMUP
        last = position == length - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """A function for ``on_trace_ready`` that writes each trace into a folder, created if needed.

    >>> import engine, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> handler = engine.profiler.tensorboard_trace_handler(folder)
    >>> with engine.profiler.profile(on_trace_ready=handler):
    ...     y = engine.ones(2) + 1
    >>> [name.endswith(".pt.trace.json") for name in os.listdir(folder)]
    [True]
    """

    def write(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        name = worker_name or f"{os.uname().nodename}_{os.getpid()}"
        ending = ".pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, f"{name}.{time.time_ns()}{ending}"))

    return write


_running: list[_C._Profiler] = []


class profile:
    """Records every op of this thread in a ``with`` block, compositions and their parts.

    ``record_shapes`` records the shapes of the arguments, ``profile_memory`` the bytes that
    results allocate. With a ``schedule`` only some steps are recorded, and ``on_trace_ready`` is
    called with the profiler after each cycle; without one, at the end. Other threads are not
    recorded, such as the workers of a DataLoader; the backward pass is, as it runs in the calling
    thread. ``with_stack``, ``with_flops`` and ``with_modules`` are accepted and have no effect.

    >>> import engine
    >>> with engine.profiler.profile() as prof:
    ...     y = engine.ones(10, 10) @ engine.ones(10, 10)
    >>> "matmul" in prof.key_averages().table(sort_by="cpu_time_total", row_limit=5)
    True
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
    ) -> None:
        self._plan = schedule
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.step_num = 0
        self._native: _C._Profiler | None = None
        self._events: list[Event] = []

    def _action(self) -> ProfilerAction:
        return self._plan(self.step_num) if self._plan else ProfilerAction.RECORD

    def _begin(self) -> None:
        self._native = _C._Profiler(self.record_shapes, self.profile_memory)
        self._native.enter()
        _running.append(self._native)

    def _end(self) -> None:
        if self._native is None:
            return
        self._native.leave()
        _running.remove(self._native)
        self._events = [Event(*event) for event in self._native.take()]
        self._native = None
        if self.on_trace_ready:
            self.on_trace_ready(self)

    def _follow_plan(self) -> None:
        records = self._action() in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if records and self._native is None:
            self._begin()

    def start(self) -> None:
        """Starts recording, as entering the ``with`` block does."""
        self._follow_plan()

    def stop(self) -> None:
        """Stops recording, as leaving the ``with`` block does."""
        self._end()

    def step(self) -> None:
        """Marks the end of a step of the program."""
        complete = self._plan and self._action() == ProfilerAction.RECORD_AND_SAVE
        self.step_num += 1  # on_trace_ready gets the number of finished steps
        if complete:
            self._end()
        self._follow_plan()

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def events(self) -> list[Event]:
        """The recorded events in the order of their start."""
        return self._events

    def key_averages(self, group_by_input_shape: bool = False) -> AverageList:
        """Events summed by name, or by name and shapes."""
        return averages(self._events, group_by_input_shape)

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Writes a file for chrome://tracing and Perfetto; compressed where its name ends in .gz.

        The format is that of the "Trace Event Format" document of the Chromium project.
        """
        chrome_trace(self._events, path)


class record_function:
    """Names a part of the program in the profile: a context manager and a decorator.

    >>> import engine
    >>> @engine.profiler.record_function("load")
    ... def load():
    ...     return engine.zeros(2)
    >>> with engine.profiler.profile() as prof:
    ...     x = load()
    >>> prof.events()[0].name
    'load'
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name if args is None else f"{name}({args})"
        self._opened: list[list[_C._Profiler]] = []

    def __enter__(self) -> record_function:
        self._opened.append(list(_running))
        for native in _running:
            native.open(self.name)
        return self

    def __exit__(self, *_: object) -> None:
        for native in self._opened.pop():
            native.close()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

"""Parallel work on many items, with cancellation."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from hub import cancellation
from hub.cancellation import CancelledError, CancelToken

_Item = TypeVar("_Item")

_PATIENCE = 1.0  # seconds that threads have to end after a cancellation


def for_each(work: Callable[[_Item], object], items: Iterable[_Item], *, threads: int) -> None:
    """Do the work for all items on several threads; the first error cancels the rest and is raised.

    On an error or an interruption all other work is cancelled (see `hub.cancellation`) and gets a
    second to save its progress. A thread that takes longer, such as one that is connecting, ends
    at its next step and does not keep the process alive.
    """
    todo = deque(items)
    if len(todo) == 1:  # in the caller's thread, which can be interrupted
        work(todo.pop())
        return
    token = CancelToken()
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            with cancellation.using(token):
                while item := _next(todo):
                    work(item[0])
            ended.put(None)
        except BaseException as error:
            ended.put(error)

    running = [
        threading.Thread(target=run, name=f"hub-{number}", daemon=True)
        for number in range(min(threads, len(todo)))
    ]
    try:
        with cancellation.current().on_cancel(lambda: ended.put(CancelledError())):
            for thread in running:
                thread.start()
            for _ in running:
                if error := ended.get():
                    raise error
    except BaseException:
        todo.clear()
        token.cancel()
        _join(running)
        raise


def _join(running: list[threading.Thread]) -> None:
    until = time.monotonic() + _PATIENCE
    for thread in running:
        with contextlib.suppress(RuntimeError):  # not started
            thread.join(max(0.0, until - time.monotonic()))


def _next(todo: deque[_Item]) -> tuple[_Item] | None:
    try:
        return (todo.popleft(),)
    except IndexError:
        return None

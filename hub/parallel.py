"""Work on many files at a time."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


def for_each(
    work: Callable[[_Item], object],
    items: Iterable[_Item],
    *,
    threads: int,
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Do the work for all items, so many at a time; the first error ends it and is raised.

    `stop` is called then, or when the caller is interrupted: it may make work under way end soon.
    Nobody waits for that, and it does not keep the process alive.
    """
    todo = deque(items)
    if len(todo) == 1:  # in the thread of the caller, which can be interrupted and tidies up
        work(todo.pop())
        return
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            while item := _next(todo):
                work(item[0])
            ended.put(None)
        except BaseException as error:
            ended.put(error)

    running = min(threads, len(todo))
    for number in range(running):
        threading.Thread(target=run, name=f"hub-{number}", daemon=True).start()
    try:
        for _ in range(running):
            if error := ended.get():
                raise error
    except BaseException:
        todo.clear()
        stop()
        raise


def _next(todo: deque[_Item]) -> tuple[_Item] | None:
    try:
        return (todo.popleft(),)
    except IndexError:
        return None

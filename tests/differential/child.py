"""A child process that checks cases, so that crashes and hangs are results too."""

from __future__ import annotations

import multiprocessing
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from .case import Case
from .comparing import Difference, check
from .running import pair, run

PATIENCE = 60.0  # seconds that a case may take on a busy machine


@dataclass(frozen=True)
class Alone:
    """A request to run the case in the engine only."""

    case: Case


class Child:
    """Checks cases in a child process.

    A request with a case returns its difference or None; one with seed and number returns the name
    of the function, or the case and its difference.
    """

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None

    def ask(self, question: Any) -> Any:
        if self._process is None:
            self._start()
        try:
            self._pipe.send(question)
            if self._pipe.poll(PATIENCE):
                return self._pipe.recv()
            died = Difference("hang", f"no answer within {PATIENCE:.0f} s", "one")
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join()
            died = Difference("crash", _ended(self._process.exitcode), "an answer or an error")
        self.close()
        return died

    def crashes_alone(self, case: Case) -> bool:
        """True if the engine crashes or hangs, not PyTorch."""
        return self.ask(Alone(case)) is not None

    def _start(self) -> None:
        self._pipe, far = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(far,), daemon=True)
        self._process.start()
        far.close()
        self._pipe.recv()  # both frameworks are imported

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _serve(pipe: Connection) -> None:
    import torch

    import engine

    from .arguments import draw_case

    torch.set_num_threads(1)
    engine.set_num_threads(1)
    pipe.send(None)
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        if isinstance(question, Alone):
            run(engine, pair(question.case.target)[0], question.case)
            pipe.send(None)
            continue
        if isinstance(question, Case):
            pipe.send(check(question))
            continue
        case = draw_case(*question)
        found = check(case)
        pipe.send((case, found) if found else case.target)

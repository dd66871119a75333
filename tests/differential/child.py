"""A process that checks cases one after another, so that a crash or a hang is an answer too."""

from __future__ import annotations

import multiprocessing
import signal
import traceback
import warnings
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from .case import Case
from .comparison import Difference, check
from .execution import pair, run

PATIENCE = 60.0  # seconds that a case may take on a busy machine


@dataclass(frozen=True)
class Alone:
    """The question whether the case runs to its end in this engine."""

    case: Case


@dataclass(frozen=True)
class Fault:
    """An error of the comparison itself."""

    text: str


class Child:
    """Answers a case with its difference and why it is meant, either of which may be None.

    The seed and number of a case it answers with the function called where nothing differs, else
    with the case, the difference and the reason.
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
                return self._heard()
            died = Difference("hang", f"no answer within {PATIENCE:.0f} s", "one")
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join()
            died = Difference("crash", _ended(self._process.exitcode), "an answer or an error")
        self.close()
        return died

    def _heard(self) -> Any:
        answer = self._pipe.recv()
        if isinstance(answer, Fault):
            raise RuntimeError(answer.text)
        return answer

    def crashes_alone(self, case: Case) -> bool:
        """True if it is ours that crashes or hangs, not PyTorch."""
        return self.ask(Alone(case)) is not None

    def _start(self) -> None:
        self._pipe, far = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(far,), daemon=True)
        self._process.start()
        far.close()
        self._pipe.recv()  # when it has imported both frameworks

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

    warnings.simplefilter("ignore")  # of NumPy, about elements that overflow
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
            pipe.send(_judged(question))
            continue
        case = draw_case(*question)
        try:
            found, why = _judged(case)
        except Exception:
            pipe.send(Fault(f"case {question}: {traceback.format_exc()}"))
            continue
        pipe.send((case, found, why) if found else case.target)


def _judged(case: Case) -> tuple[Difference | None, str | None]:
    from .known_differences import reason

    found = check(case)
    why = reason(case, found) if found else None
    return found and replace(found, outcomes=None), why

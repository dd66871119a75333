"""The worker process of a DataLoader."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from engine import _C
from engine.data import shared_memory
from engine.data.dataset import Indexable
from engine.data.fetch import EndOfStream, Fetch, make_fetch
from engine.data.seeding import seed_batch

if TYPE_CHECKING:  # importing it takes a dozen milliseconds
    from multiprocessing.connection import Connection


@dataclass(frozen=True)
class WorkerInfo:
    """Result of get_worker_info() inside a worker."""

    id: int
    num_workers: int
    seed: int
    dataset: Indexable[Any]


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Number, count, seed and dataset of the worker this runs in; None in the main process.

    >>> import engine
    >>> engine.data.get_worker_info() is None
    True
    """
    return _info


class WorkerSpec(NamedTuple):
    """Arguments of a worker process."""

    id: int
    num_workers: int
    dataset: Indexable[Any]
    collate_fn: Callable[[Any], Any]
    batched: bool
    drop_last: bool
    init_fn: Callable[[int], None] | None
    directory: str


class StartEpoch(NamedTuple):
    """Begin a new pass over the dataset."""

    epoch: int
    seed: int


class MakeBatch(NamedTuple):
    """Load batch number `batch` from the index or indices; `file` may be reused."""

    batch: int
    index: Any
    file: str | None


class Answer(NamedTuple):
    """A worker's answer for one batch; neither parcel nor failure: the stream has ended.

    `file` is that of the task if the parcel did not use it.
    """

    epoch: int
    file: str | None
    parcel: shared_memory.Parcel | None = None
    failure: WorkerFailure | None = None


class WorkerFailure:
    """An exception on its way to the main process, with the traceback as text."""

    def __init__(self, worker: int) -> None:
        kind, error, _ = sys.exc_info()
        assert kind is not None
        self.kind = kind
        self.message = (
            f"Caught {kind.__name__} in DataLoader worker process {worker}.\n"
            f"Original {''.join(traceback.format_exception(error))}"
        )

    def reraise(self) -> None:
        """Raise the exception again, with the worker's traceback as its message."""
        if issubclass(self.kind, StopIteration):  # it would end the loop over the batches
            raise RuntimeError(self.message)
        if issubclass(self.kind, KeyError):  # its message would be shown quoted
            raise KeyError(_Verbatim(self.message))
        try:
            error = self.kind(self.message)
        except Exception:
            # An exception class with other constructor arguments cannot be created from a message.
            raise RuntimeError(self.message) from None
        raise error


class _Verbatim(str):
    def __repr__(self) -> str:
        return str(self)


def run_worker(
    spec: WorkerSpec, tasks: Connection, answers: Connection, inherited: Sequence[Connection]
) -> None:
    """Process the messages of `tasks` until None."""
    for connection in inherited:
        # Pipe ends of the main process, copied by fork: left open they would hide its death.
        connection.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    _C.set_num_threads(1)
    received: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(tasks, received), daemon=True).start()
    worker = _Worker(spec)
    try:
        while (task := received.get()) is not None:
            if isinstance(task, StartEpoch):
                worker.start_epoch(task)
            else:
                answers.send(worker.make(task))
    except BrokenPipeError:
        return  # the main process has closed its end


def _receive(tasks: Connection, received: queue.SimpleQueue[Any]) -> None:
    """Empty the pipe continuously, so that the main process never waits for a busy worker."""
    try:
        while (task := tasks.recv()) is not None:
            received.put(task)
        received.put(None)
    except (EOFError, OSError):
        os._exit(1)  # the main process has died


class _Worker:
    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self.epoch = -1
        self.seed = 0
        self.fetch: Fetch | None = None
        # An error before the first batch is reported by every batch.
        self.failure: WorkerFailure | None = None
        self.ended = False

    def start_epoch(self, task: StartEpoch) -> None:
        global _info
        spec = self.spec
        first = self.epoch < 0
        self.epoch, self.seed = task
        self.ended = False
        _info = WorkerInfo(spec.id, spec.num_workers, self.seed + spec.id, spec.dataset)
        try:
            seed_batch(self.seed + spec.id, 0)
            if first and spec.init_fn is not None:
                spec.init_fn(spec.id)
            self.fetch = make_fetch(spec.dataset, spec.collate_fn, spec.batched, spec.drop_last)
        except Exception:
            self.failure = WorkerFailure(spec.id)

    def make(self, task: MakeBatch) -> Answer:
        if self.failure is not None:
            return Answer(self.epoch, task.file, failure=self.failure)
        if self.ended:
            return Answer(self.epoch, task.file)
        assert self.fetch is not None
        # See Note [The same batches for any number of workers].
        seed_batch(self.seed, task.batch)
        try:
            batch = self.fetch(task.index)
            parcel = shared_memory.pack(batch, self.spec.directory, task.file)
            return Answer(self.epoch, None if parcel.path == task.file else task.file, parcel)
        except EndOfStream:
            self.ended = True
            return Answer(self.epoch, task.file)
        except Exception:
            return Answer(self.epoch, task.file, failure=WorkerFailure(self.spec.id))

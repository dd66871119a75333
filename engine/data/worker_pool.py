"""The main process's side of a DataLoader's workers."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import signal
import time
import weakref
from multiprocessing.connection import Connection, wait
from typing import Any

from engine.data import shared_memory
from engine.data.worker import Answer, MakeBatch, StartEpoch, WorkerSpec, run_worker

# Seconds that a worker may take to finish its current batch before it is killed.
_GRACE = 5.0


class WorkerPool:
    """Processes that load batches, each with a pipe for tasks and one for answers."""

    def __init__(
        self,
        spec: dict[str, Any],
        num_workers: int,
        context: Any,
        timeout: float,
        kept_files: int,
    ) -> None:
        context = context if hasattr(context, "Process") else multiprocessing.get_context(context)
        self.timeout = timeout
        self.epoch = -1
        self._directory = shared_memory.make_directory()
        self.files = shared_memory.Files(self._directory, limit=kept_files)
        self._processes: list[Any] = []
        self._tasks: list[Connection] = []
        self._answers: list[Connection] = []
        # Not a method: the finalizer must not keep the pool alive.
        self._finalizer = weakref.finalize(
            self, _shut_down, self._processes, self._tasks, self._answers, self._directory
        )
        try:
            for number in range(num_workers):
                self._start(
                    context,
                    WorkerSpec(
                        id=number, num_workers=num_workers, directory=self._directory, **spec
                    ),
                )
        except BaseException:
            self.close()
            raise

    def _start(self, context: Any, spec: WorkerSpec) -> None:
        task_end, tasks = context.Pipe(duplex=False)
        answers, answer_end = context.Pipe(duplex=False)
        self._tasks.append(tasks)
        self._answers.append(answers)
        forked = context.get_start_method() == "fork"
        inherited = [*self._tasks, *self._answers] if forked else []
        process = context.Process(
            target=run_worker, args=(spec, task_end, answer_end, inherited), daemon=True
        )
        process.start()
        self._processes.append(process)
        task_end.close()
        answer_end.close()

    def start_epoch(self, seed: int) -> int:
        """Begin a new pass in all workers; answers of earlier passes are dropped."""
        self.epoch += 1
        for worker in range(len(self._processes)):
            self._send(worker, StartEpoch(self.epoch, seed))
        return self.epoch

    def make(self, worker: int, batch: int, index: Any) -> None:
        """Assign a batch to the worker."""
        self._send(worker, MakeBatch(batch, index, self.files.take()))

    def _send(self, worker: int, task: StartEpoch | MakeBatch) -> None:
        try:
            self._tasks[worker].send(task)
        except (BrokenPipeError, ConnectionResetError):
            raise self._death(worker) from None

    def receive(self, worker: int) -> Answer:
        """The worker's next answer in this epoch; RuntimeError if it dies or takes too long."""
        while True:
            answer = self._receive_any(worker)
            if answer.file is not None:
                self.files.give_back(answer.file)
            if answer.epoch == self.epoch:
                return answer
            if answer.parcel is not None and answer.parcel.path is not None:
                self.files.give_back(answer.parcel.path)

    def unpack(self, parcel: shared_memory.Parcel) -> Any:
        """The batch in an answer."""
        return shared_memory.unpack(parcel, self.files)

    def _receive_any(self, worker: int) -> Answer:
        answers, process = self._answers[worker], self._processes[worker]
        ready = wait([answers, process.sentinel], self.timeout or None)
        if not ready:
            process.kill()  # it would not end in time either
            raise RuntimeError(
                f"DataLoader worker {worker} (pid {process.pid}) gave no batch within the "
                f"timeout of {self.timeout} seconds"
            )
        # Answers that a worker sent before it died are still valid.
        if answers in ready or answers.poll():
            try:
                return answers.recv()
            except (EOFError, ConnectionResetError):
                pass
        raise self._death(worker)

    def _death(self, worker: int) -> RuntimeError:
        process = self._processes[worker]
        process.join(_GRACE)
        code = process.exitcode
        if code is not None and code < 0:
            how = f"was killed by signal {-code} ({signal.Signals(-code).name})"
        else:
            how = f"ended with exit code {code}"
        self.close()
        return RuntimeError(
            f"DataLoader worker {worker} (pid {process.pid}) {how} before its work was done"
        )

    def close(self) -> None:
        """End all workers and remove their files."""
        self._finalizer()


def _shut_down(
    processes: list[Any], tasks: list[Connection], answers: list[Connection], directory: str
) -> None:
    for connection in tasks:
        with contextlib.suppress(OSError):  # the worker may have ended already
            connection.send(None)
        connection.close()
    for connection in answers:
        connection.close()
    deadline = time.monotonic() + _GRACE
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
    shutil.rmtree(directory, ignore_errors=True)

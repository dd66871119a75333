"""Multiprocessing with tensors in shared memory.

The standard library's ``multiprocessing`` with queues and pipes that pass tensors by the name of a
file in memory that both processes map. Sending a tensor moves it to shared memory, as
:meth:`Tensor.share_memory_` does, so that both sides see each other's writes. If other tensors use
the same memory, as with a view, a copy is sent: to share it, call ``share_memory_()`` before
creating views.

>>> import engine
>>> x = engine.zeros(2).share_memory_()
>>> x.is_shared()
True
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import tempfile
import weakref
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import numpy as np
from engine.nn.parameter import Parameter

__all__ = [*multiprocessing.__all__, "ProcessExitedException", "ProcessRaisedException", "spawn"]


class _Mapping:
    """A mapped file in memory, freed when the last process that has it open closes it."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.descriptor, self.size = descriptor, size
        self.memory = mmap.mmap(descriptor, size)
        weakref.finalize(self, os.close, descriptor)

    def bytes(self) -> Tensor:
        array = np.frombuffer(self.memory, np.uint8)
        _mappings[array.ctypes.data] = self
        weakref.finalize(array, _keep_until_array_dies, self)
        return _C.from_numpy(array)


def _keep_until_array_dies(mapping: _Mapping) -> None: ...


# All shared memory that this process maps, by address.
_mappings: weakref.WeakValueDictionary[int, _Mapping] = weakref.WeakValueDictionary()


def _new_mapping(size: int) -> _Mapping:
    with tempfile.TemporaryFile(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as file:
        os.posix_fallocate(file.fileno(), 0, size)
        return _Mapping(os.dup(file.fileno()), size)


def _mapping_of(tensor: Tensor) -> _Mapping | None:
    memory = _C._storage_bytes(tensor.detach())
    return _mappings.get(memory.data_ptr()) if memory.numel() else None


def is_shared(tensor: Tensor) -> bool:
    """True if the memory of ``tensor`` is shared between processes, or empty."""
    return _C._storage_bytes(tensor.detach()).numel() == 0 or _mapping_of(tensor) is not None


def share(tensor: Tensor) -> Tensor:
    """Moves the memory of ``tensor`` to a file in memory; RuntimeError if other tensors use it."""
    if is_shared(tensor):
        return tensor
    if not _is_alone(tensor):
        raise RuntimeError(
            "share_memory_: other tensors show this memory: share the one that they are views of "
            "before making views"
        )
    old = _C._storage_bytes(tensor.detach())
    new = _new_mapping(old.numel()).bytes()
    new.copy_(old)
    _C._set_data(tensor, _shown(new, tensor))
    return tensor


def _is_alone(tensor: Tensor) -> bool:
    """True if no other tensor uses the memory."""
    return _C._storage_uses(tensor) == 1


def _shown(memory: Tensor, like: Tensor) -> Tensor:
    return _C._view_storage(
        memory, like.dtype, list(like.shape), list(like.stride()), like.storage_offset()
    )


def _rebuild(
    descriptor: Any, size: int, dtype: _C.dtype, layout: tuple[Any, ...], kind: Any, requires: bool
) -> Tensor:
    memory = _Mapping(descriptor.detach(), size).bytes() if size else _C.empty(0, dtype=_C.uint8)
    shape, stride, offset = layout
    made = _C._view_storage(memory, dtype, list(shape), list(stride), offset)
    if kind is Parameter:
        return Parameter(made, requires)
    return made.requires_grad_(requires)


def _reduce(tensor: Tensor) -> tuple[Any, ...]:
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "multiprocessing: the result of an op can't be sent, as graphs stay in their process: "
            "detach() it"
        )
    kind, requires_grad = type(tensor), tensor.requires_grad
    if not is_shared(tensor) and not _is_alone(tensor):
        tensor = tensor.detach().clone()
    share(tensor)
    mapping = _mapping_of(tensor)
    layout = tuple(tensor.shape), tuple(tensor.stride()), tensor.storage_offset()
    descriptor = None if mapping is None else DupFd(mapping.descriptor)
    size = 0 if mapping is None else mapping.size
    arguments = (descriptor, size, tensor.dtype, layout, kind, requires_grad)
    return _rebuild, arguments


ForkingPickler.register(Tensor, _reduce)
ForkingPickler.register(Parameter, _reduce)


def share_module(module: Any) -> Any:
    """Moves a module's parameters and buffers to shared memory, as ``Module.share_memory()``."""
    for tensor in [*module.parameters(), *module.buffers()]:
        share(tensor)
    return module


def get_all_sharing_strategies() -> set[str]:
    """The supported strategies: file descriptors."""
    return {"file_descriptor"}


def get_sharing_strategy() -> str:
    """The current strategy."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepts ``'file_descriptor'``, the only strategy."""
    if new_strategy not in get_all_sharing_strategies():
        raise ValueError(f"set_sharing_strategy: expected 'file_descriptor', got {new_strategy!r}")


class ProcessRaisedException(Exception):
    """An exception in a spawned process; the message contains its traceback."""


class ProcessExitedException(Exception):
    """A spawned process ended with a nonzero exit code."""


def _run(function: Callable[..., Any], rank: int, args: tuple[Any, ...], errors: Any) -> None:
    import traceback

    try:
        function(rank, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        errors.put((rank, traceback.format_exc()))
        raise SystemExit(1) from None


class SpawnContext:
    """The processes that ``spawn(join=False)`` started."""

    def __init__(self, processes: list[BaseProcess], errors: Any) -> None:
        self.processes, self._errors = processes, errors

    def pids(self) -> list[int | None]:
        """Identifiers of the processes."""
        return [p.pid for p in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Waits for the processes; returns True if all have ended.

        If one fails, the others are ended and ProcessRaisedException or ProcessExitedException is
        raised.
        """
        from multiprocessing.connection import wait

        waiting = {p.sentinel: p for p in self.processes if p.is_alive()}
        ended = wait(list(waiting), timeout) if waiting else []
        for sentinel in ended:
            waiting[sentinel].join()  # type: ignore[index]  # so that its exit code is known
        failed = [p for p in self.processes if p.exitcode not in (None, 0)]
        if failed:
            for process in self.processes:
                process.terminate()
                process.join()
            self._raise(failed[0])
        return len(ended) == len(waiting)

    def _raise(self, process: BaseProcess) -> None:
        rank = self.processes.index(process)
        if process.exitcode == 1 and not self._errors.empty():
            rank, text = self._errors.get()
            raise ProcessRaisedException(f"process {rank} raised:\n{text}")
        code = process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise ProcessExitedException(f"process {rank} ended with {how}")


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> SpawnContext | None:
    """Calls ``fn(i, *args)`` in ``nprocs`` processes, ``i`` from 0, and waits for them if ``join``.

    Raises ProcessRaisedException or ProcessExitedException if one fails.
    """
    context: BaseContext = multiprocessing.get_context(start_method)
    errors = context.SimpleQueue()
    processes: list[BaseProcess] = []
    for rank in range(nprocs):
        process = context.Process(target=_run, args=(fn, rank, args, errors), daemon=daemon)  # type: ignore[attr-defined]
        process.start()
        processes.append(process)
    started = SpawnContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None

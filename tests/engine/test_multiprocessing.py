from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest

import engine
import engine.multiprocessing as mp


def test_tensors_are_shared_both_ways() -> None:
    context = mp.get_context("fork")
    queue, done = context.Queue(), context.Queue()
    x = engine.zeros(3)
    process = context.Process(target=_add_and_send, args=(x.share_memory_(), queue, done))
    process.start()
    received = queue.get(timeout=60)
    done.put(None)
    process.join()
    assert x.tolist() == [1, 1, 1] and received.tolist() == [7, 7] and received.is_shared()


def _add_and_send(tensor: Any, queue: Any, done: Any) -> None:
    engine.set_num_threads(1)
    tensor.add_(1)
    queue.put(engine.full((2, 2), 7.0)[1])
    done.get()


def test_sending_moves_memory_and_leaves_the_layout() -> None:
    x = engine.arange(6.0).view(2, 3)
    with pytest.raises(RuntimeError, match="other tensors show this memory"):
        x.t().share_memory_()
    copy = _sent(x)
    copy[0, 1] = 9
    assert x[0, 1] == 9 and copy.stride() == (3, 1)
    parameter = _sent(engine.nn.Parameter(engine.ones(2)))
    assert isinstance(parameter, engine.nn.Parameter) and parameter.requires_grad
    with pytest.raises(RuntimeError, match="graphs stay in their process"):
        _sent(engine.ones(1, requires_grad=True) * 2)
    assert engine.zeros(0).share_memory_().is_shared()


def _sent(value: Any) -> Any:
    return ForkingPickler.loads(ForkingPickler.dumps(value))


def fail(rank: int) -> None:
    raise ValueError("no luck") if rank else SystemExit(0)


def test_spawn_names_the_process_that_failed() -> None:
    with pytest.raises(mp.ProcessRaisedException, match=r"process 1 raised:(.|\n)*no luck"):
        mp.spawn(fail, nprocs=2, start_method="fork")

"""Batches with and without workers: equal data, and errors."""

from __future__ import annotations

import os
import random
import signal
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    get_worker_info,
    shared_memory,
)


class Squares(Dataset[Any]):
    def __init__(self, n: int = 20) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> Any:
        return index, index * index


class Drawn(Squares):
    """Samples with a number of each generator."""

    def __getitem__(self, index: int) -> Any:
        return index, engine.rand(1).item(), random.random(), np.random.rand()


class Large(Squares):
    """Samples too large for the pipe."""

    def __getitem__(self, index: int) -> Any:
        return {"x": engine.full((64, 100), float(index)), "raw": np.full(5000, index)}


class Failing(Squares):
    def __getitem__(self, index: int) -> Any:
        if index == 5:
            raise KeyError("no sample five")
        return index


class Stream(IterableDataset[int]):
    """0 to n - 1, split among the workers."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Any:
        info = get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(start, self.n, step))


def listed(loader: DataLoader[Any]) -> list[Any]:
    return [[column.tolist() for column in batch] for batch in loader]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_come_in_order(workers: int) -> None:
    loader = DataLoader(Squares(7), batch_size=3, num_workers=workers)
    assert listed(loader) == [
        [[0, 1, 2], [0, 1, 4]],
        [[3, 4, 5], [9, 16, 25]],
        [[6], [36]],
    ]
    assert len(loader) == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_drop_last(workers: int) -> None:
    loader = DataLoader(Squares(7), batch_size=3, drop_last=True, num_workers=workers)
    assert [len(batch[0]) for batch in loader] == [3, 3]
    assert len(loader) == 2


def test_the_seed_decides_whatever_the_number_of_workers() -> None:
    runs = []
    for workers in (0, 1, 2, 3):
        engine.manual_seed(7)
        loader = DataLoader(Drawn(), batch_size=3, shuffle=True, num_workers=workers)
        runs.append([listed(loader), listed(loader)])
    assert all(run == runs[0] for run in runs[1:])
    first, second = runs[0]
    assert first != second  # another epoch has another order and other random numbers
    drawn = [value for batch in first for value in batch[1]]
    assert len(set(drawn)) == len(drawn)


def test_a_generator_decides_alone() -> None:
    def order(seed: int) -> list[Any]:
        generator = engine.Generator()
        generator.manual_seed(seed)
        return listed(DataLoader(Squares(), batch_size=20, shuffle=True, generator=generator))

    engine.manual_seed(0)
    first = order(5)
    engine.manual_seed(1)
    assert order(5) == first
    assert order(6) != first


def test_making_batches_here_leaves_the_generators_alone() -> None:
    loader = iter(DataLoader(Drawn()))
    engine.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    wanted = engine.rand(1).item(), random.random(), np.random.rand()
    engine.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    next(loader)
    assert (engine.rand(1).item(), random.random(), np.random.rand()) == wanted


def test_shuffling_is_a_permutation() -> None:
    loader = DataLoader(Squares(50), batch_size=8, shuffle=True)
    seen = [index for batch in loader for index in batch[0].tolist()]
    assert seen != list(range(50))
    assert sorted(seen) == list(range(50))


@pytest.mark.parametrize("workers", [0, 2])
def test_large_batches(workers: int) -> None:
    loader = DataLoader(Large(6), batch_size=2, num_workers=workers)
    kept = list(loader)
    for number, batch in enumerate(kept):
        indices = [2 * number, 2 * number + 1]
        assert batch["x"].shape == (2, 64, 100)
        assert batch["x"].mean((1, 2)).tolist() == indices
        assert batch["raw"][:, -1].tolist() == indices
    kept[0]["x"].fill_(5.0)  # the memory is the receiver's own
    assert kept[1]["x"][0, 0, 0].item() == 2.0


def test_nothing_is_left_in_shared_memory() -> None:
    before = set(Path("/dev/shm").glob("engine-loader-*"))
    batches = iter(DataLoader(Large(40), num_workers=2))
    next(batches)
    assert set(Path("/dev/shm").glob("engine-loader-*")) != before
    del batches  # in the middle of the epoch
    assert set(Path("/dev/shm").glob("engine-loader-*")) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_worker_has_its_traceback(workers: int) -> None:
    batches = iter(DataLoader(Failing(8), batch_size=2, num_workers=workers))
    assert next(batches).tolist() == [0, 1]
    assert next(batches).tolist() == [2, 3]
    with pytest.raises(KeyError) as caught:
        next(batches)
    message = str(caught.value)
    assert "in DataLoader worker process" in message
    assert "no sample five" in message
    assert "__getitem__" in message and "\n" in message
    assert next(batches).tolist() == [6, 7]


class Unmakeable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(one, two)


class RaisesUnmakeable(Squares):
    def __getitem__(self, index: int) -> Any:
        raise Unmakeable(1, 2)


def test_an_error_that_cannot_be_rebuilt_is_a_runtime_error() -> None:
    with pytest.raises(RuntimeError, match="Caught Unmakeable"):
        next(iter(DataLoader(RaisesUnmakeable(), num_workers=1)))


class Killed(Squares):
    def __getitem__(self, index: int) -> Any:
        if index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


class Exiting(Squares):
    def __getitem__(self, index: int) -> Any:
        os._exit(3)


def test_a_killed_worker_is_an_error() -> None:
    batches = iter(DataLoader(Killed(), num_workers=1, prefetch_factor=1))
    next(batches)
    next(batches)
    with pytest.raises(RuntimeError, match=r"worker 0 \(pid \d+\) was killed by signal 9"):
        next(batches)
    assert next(batches, None) is None


def test_a_worker_that_exits_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        list(DataLoader(Exiting(), num_workers=2))


class Slow(Squares):
    def __getitem__(self, index: int) -> Any:
        time.sleep(60)


def test_a_timeout_is_an_error() -> None:
    batches = iter(DataLoader(Slow(), num_workers=1, timeout=0.1))
    with pytest.raises(RuntimeError, match=r"within the timeout of 0\.1 seconds"):
        next(batches)


class Informed(Squares):
    def __getitem__(self, index: int) -> Any:
        info = get_worker_info()
        assert info is not None and info.dataset is self
        return info.id, info.num_workers, info.seed, os.getpid()


def test_worker_info() -> None:
    assert get_worker_info() is None
    ids, counts, seeds, pids = (
        [value for batch in listed(DataLoader(Informed(8), num_workers=2)) for value in batch[k]]
        for k in range(4)
    )
    assert ids == [0, 1] * 4
    assert set(counts) == {2}
    assert seeds[1] == seeds[0] + 1
    assert len(set(pids)) == 2 and os.getpid() not in pids


class Labelled(Squares):
    label = ""

    def __getitem__(self, index: int) -> Any:
        return self.label


def label_worker(worker: int) -> None:
    info = get_worker_info()
    assert info is not None
    info.dataset.label = f"worker {worker}"  # type: ignore[attr-defined]


def test_worker_init_fn() -> None:
    loader = DataLoader(Labelled(4), num_workers=2, worker_init_fn=label_worker)
    assert list(loader) == [["worker 0"], ["worker 1"]] * 2


def fail_to_start(worker: int) -> None:
    raise OSError("no such camera")


def test_an_error_of_worker_init_fn_arrives() -> None:
    loader = DataLoader(Squares(), num_workers=1, worker_init_fn=fail_to_start)
    with pytest.raises(OSError, match="no such camera"):
        next(iter(loader))


def test_persistent_workers_stay() -> None:
    loader = DataLoader(Informed(6), num_workers=2, persistent_workers=True)
    first = [batch[3].item() for batch in loader]
    batches = iter(loader)
    next(batches)
    del batches  # prefetched batches must not appear in the next epoch
    again = [batch[3].item() for batch in loader]
    assert set(first) == set(again)
    assert len(again) == 6
    other = [batch[3].item() for batch in DataLoader(Informed(6), num_workers=2)]
    assert not set(first) & set(other)


def test_a_second_iterator_over_persistent_workers_ends_the_first() -> None:
    loader = DataLoader(Squares(), num_workers=1, persistent_workers=True)
    first, second = iter(loader), iter(loader)
    next(second)
    with pytest.raises(RuntimeError, match="new iteration"):
        next(first)


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_streams(workers: int) -> None:
    batches = [batch.tolist() for batch in DataLoader(Stream(11), 2, num_workers=workers)]
    assert sorted(value for batch in batches for value in batch) == list(range(11))
    if workers < 2:
        assert batches[0] == [0, 1]
    dropped = DataLoader(Stream(5), 2, drop_last=True, num_workers=min(workers, 1))
    assert [batch.tolist() for batch in dropped] == [[0, 1], [2, 3]]


def test_single_samples() -> None:
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]
    samples = list(DataLoader(Squares(3), batch_size=None, num_workers=1))
    assert samples == [(0, 0), (1, 1), (2, 4)]


def test_batch_sampler_and_collate_fn() -> None:
    order = BatchSampler([3, 1, 2], batch_size=2, drop_last=False)
    loader = DataLoader(Squares(), batch_sampler=order, collate_fn=lambda batch: batch)
    assert list(loader) == [[(3, 9), (1, 1)], [(2, 4)]]
    assert len(loader) == 2


def test_getitems_is_used() -> None:
    class Whole(Squares):
        def __getitems__(self, indices: list[int]) -> list[int]:
            return [sum(indices)]

    assert [batch.tolist() for batch in DataLoader(Whole(4), 2)] == [[1], [5]]


def test_spawned_workers() -> None:
    data = TensorDataset(engine.arange(4))  # importable in a fresh interpreter
    loader = DataLoader(data, 2, num_workers=1, multiprocessing_context="spawn")
    assert listed(loader) == [[[0, 1]], [[2, 3]]]


def test_an_abandoned_loader_ends_its_workers() -> None:
    loader = DataLoader(Informed(4), num_workers=1, persistent_workers=True)
    pid = next(iter(loader))[3].item()
    alive = weakref.ref(loader)
    del loader
    assert alive() is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": -1}, "num_workers must not be negative"),
        ({"timeout": -1}, "timeout must not be negative"),
        ({"prefetch_factor": 2}, "prefetch_factor needs num_workers"),
        ({"persistent_workers": True}, "persistent_workers needs num_workers"),
        ({"num_workers": 1, "prefetch_factor": 0}, "prefetch_factor must be positive"),
        ({"shuffle": True, "sampler": [0]}, "exclude each other"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler excludes"),
        ({"batch_size": None, "drop_last": True}, "drop_last needs a batch_size"),
        ({"batch_size": 0}, "DataLoader: batch_size must be positive, got 0"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be positive, got 0"),
        ({"num_workers": -1}, ValueError, "num_workers must not be negative, got -1"),
        ({"shuffle": True, "sampler": [0]}, ValueError, "sampler and shuffle exclude each other"),
        ({"batch_size": 1.5}, TypeError, "argument 'batch_size': expected int or None, got float"),
        ({"collate_fn": 3}, TypeError, "argument 'collate_fn'"),
    ],
)
def test_of_a_list_the_wrong_option_is_named(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"DataLoader: {message}"):
        DataLoader([1, 2], **options)


def test_non_datasets_are_refused() -> None:
    with pytest.raises(TypeError, match="DataLoader: argument 'dataset'"):
        DataLoader(3)


def test_options_are_fixed() -> None:
    loader = DataLoader([1, 2])
    with pytest.raises(ValueError, match="batch_size cannot be changed once the loader is made"):
        loader.batch_size = 2


class Stopping(Dataset[int]):
    """Raises StopIteration in the middle, as an unguarded next() in a dataset may."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return next(iter([])) if index == 2 else index


def stop(samples: Any) -> Any:
    raise StopIteration


@pytest.mark.parametrize("num_workers", [0, 1])
def test_stop_iteration_does_not_end_the_epoch(num_workers: int) -> None:
    batches = iter(DataLoader(Stopping(), num_workers=num_workers))
    assert next(batches).item() == 0 and next(batches).item() == 1
    with pytest.raises(RuntimeError, match="the dataset or collate_fn raised StopIteration"):
        next(batches)
    for dataset in (Squares(), Stream(3)):
        with pytest.raises(RuntimeError, match="collate_fn raised StopIteration"):
            list(DataLoader(dataset, 2, collate_fn=stop, num_workers=num_workers))


def stop_worker(number: int) -> None:
    raise StopIteration


def test_stop_iteration_at_the_start_of_a_worker() -> None:
    with pytest.raises(RuntimeError, match="Caught StopIteration in DataLoader worker"):
        list(DataLoader(Squares(), num_workers=1, worker_init_fn=stop_worker))


def test_streams_take_no_order() -> None:
    with pytest.raises(ValueError, match="cannot be shuffled"):
        DataLoader(Stream(3), shuffle=True)
    with pytest.raises(ValueError, match="takes no sampler"):
        DataLoader(Stream(3), sampler=[0])


def test_tensor_dataset() -> None:
    data = TensorDataset(engine.arange(4), engine.arange(4.0).reshape(4, 1))
    (first, second), (third, _) = DataLoader(data, 2)
    assert (first.tolist(), second.tolist(), third.tolist()) == ([0, 1], [[0.0], [1.0]], [2, 3])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool", "float16"])
@pytest.mark.parametrize("size", [0, 3, 50_000])
def test_parcels_keep_tensors(tmp_path: Path, dtype: str, size: int) -> None:
    kind = getattr(engine, dtype)
    sent = {"t": engine.arange(size).to(kind), "strided": engine.ones(4, 6).to(kind)[:, ::2]}
    parcel = shared_memory.pack(sent, str(tmp_path))
    assert (parcel.path is None) == (size < 50_000)
    files = shared_memory.Files(str(tmp_path), limit=1)
    got = shared_memory.unpack(parcel, files)
    for name, tensor in sent.items():
        assert got[name].dtype == kind
        assert got[name].tolist() == tensor.tolist()


def test_files_are_used_again_when_nobody_holds_them(tmp_path: Path) -> None:
    files = shared_memory.Files(str(tmp_path), limit=1)
    first = shared_memory.unpack(shared_memory.pack(engine.zeros(20_000), str(tmp_path)), files)
    kept = first[:3]
    del first
    assert files.take() is None  # a view still uses the memory
    del kept
    path = files.take()
    assert path is not None
    larger = shared_memory.pack(engine.ones(50_000), str(tmp_path), path)
    assert larger.path == path
    assert shared_memory.unpack(larger, files).sum().item() == 50_000
    assert len(list(tmp_path.iterdir())) == 1
    two = [
        shared_memory.unpack(shared_memory.pack(engine.zeros(20_000), str(tmp_path)), files)
        for _ in range(2)
    ]
    del two
    assert len(list(tmp_path.iterdir())) == 1  # at most the limit


def test_a_parcel_is_written_elsewhere_if_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = os.pwrite, []

    def full_at_first(descriptor: int, data: memoryview, offset: int) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:50_000], offset)  # in several writes

    monkeypatch.setattr(os, "pwrite", full_at_first)
    parcel = shared_memory.pack(engine.arange(20_000), str(tmp_path))
    assert parcel.path is not None and Path(parcel.path).parent != tmp_path
    files = shared_memory.Files(str(tmp_path), limit=1)
    assert shared_memory.unpack(parcel, files).tolist() == list(range(20_000))
    assert files.take() is None and not Path(parcel.path).exists()

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="no space for a batch of 160000 bytes"):
        shared_memory.pack(engine.arange(20_000), str(tmp_path))
    assert not list(tmp_path.iterdir())

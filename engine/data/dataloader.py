"""DataLoader: batches of a dataset, loaded in this process or by workers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from engine._validation import NON_NEGATIVE, check_int
from engine.data.collate import default_collate, default_convert
from engine.data.dataset import Indexable, IterableDataset
from engine.data.fetch import EndOfStream, make_fetch
from engine.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from engine.data.seeding import batch_seeds, draw_seed

# Worker processes need a large part of the standard library: imported at the first use.
if TYPE_CHECKING:
    from engine.data.worker_pool import WorkerPool

T_co = TypeVar("T_co", covariant=True)

# Attributes that others are derived from.
_FIXED = ("dataset", "batch_size", "batch_sampler", "sampler", "drop_last", "persistent_workers")


class DataLoader(Generic[T_co]):
    """Batches of a dataset, in the sampler's order.

    With num_workers > 0 that many processes load batches ahead, prefetch_factor each, and pass
    them through shared memory. The batches are the same for any number of workers: random numbers
    drawn from engine, random or numpy.random while a batch is loaded depend only on the loader's
    seed and the number of the batch. A worker's exception is raised here with its traceback; a
    worker that dies is a RuntimeError. pin_memory has no effect on a CPU.

    >>> import engine
    >>> data = engine.data.TensorDataset(engine.arange(5))
    >>> [batch.tolist() for (batch,) in engine.data.DataLoader(data, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Indexable[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if not hasattr(dataset, "__getitem__") and not hasattr(dataset, "__getitems__"):
            raise TypeError(
                "DataLoader: dataset must be an IterableDataset or give samples by index, got "
                f"{type(dataset).__name__}"
            )
        self.dataset = dataset
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._check_worker_options()
        self._check_order_options(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            sampler = self._default_sampler(bool(shuffle))
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(f"DataLoader: collate_fn must be a function, got {collate_fn!r}")
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self._pool: WorkerPool | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_pool" in self.__dict__:
            raise ValueError(f"DataLoader: {name} cannot be changed once the loader is made")
        super().__setattr__(name, value)

    def _check_worker_options(self) -> None:
        check_int("DataLoader", "num_workers", self.num_workers, low=0)
        NON_NEGATIVE.check("DataLoader", "timeout", self.timeout)
        if self.worker_init_fn is not None and not callable(self.worker_init_fn):
            raise TypeError(
                f"DataLoader: worker_init_fn must be a function, got {self.worker_init_fn!r}"
            )
        if self.num_workers == 0:
            for name in ("prefetch_factor", "multiprocessing_context"):
                if getattr(self, name) is not None:
                    raise ValueError(f"DataLoader: {name} needs num_workers > 0")
            if self.persistent_workers:
                raise ValueError("DataLoader: persistent_workers needs num_workers > 0")
        elif self.prefetch_factor is not None:
            check_int("DataLoader", "prefetch_factor", self.prefetch_factor, low=1)

    def _check_order_options(
        self,
        batch_size: int | None,
        shuffle: bool | None,
        sampler: Iterable[Any] | None,
        batch_sampler: Iterable[Any] | None,
        drop_last: bool,
    ) -> None:
        if batch_size is not None:
            check_int("DataLoader", "batch_size", batch_size, low=1)
        if isinstance(self.dataset, IterableDataset):
            if shuffle:
                raise ValueError("DataLoader: an IterableDataset cannot be shuffled")
            if sampler is not None or batch_sampler is not None:
                raise ValueError("DataLoader: an IterableDataset takes no sampler")
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: sampler and shuffle exclude each other")
        if batch_sampler is not None and (
            batch_size != 1 or shuffle or sampler is not None or drop_last
        ):
            raise ValueError(
                "DataLoader: batch_sampler excludes batch_size, shuffle, sampler and drop_last"
            )
        if batch_size is None and drop_last:
            raise ValueError("DataLoader: drop_last needs a batch_size")

    def _default_sampler(self, shuffle: bool) -> Iterable[Any]:
        if isinstance(self.dataset, IterableDataset):
            return itertools.repeat(None)
        if shuffle:
            return RandomSampler(self.dataset, generator=self.generator)  # type: ignore[arg-type]
        return SequentialSampler(self.dataset)  # type: ignore[arg-type]

    @property
    def _indices(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            return self._iterate_here()
        return _WorkerIterator(self)

    def _iterate_here(self) -> Iterator[Any]:
        # The seed is drawn when iter() is called, not when the first batch is requested.
        return _batches_here(self, draw_seed(self.generator))

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._indices)  # type: ignore[arg-type]
        samples = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return samples
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def _acquire_pool(self) -> WorkerPool:
        if self._pool is not None:
            return self._pool
        from engine.data.worker_pool import WorkerPool

        spec = {
            "dataset": self.dataset,
            "collate_fn": self.collate_fn,
            "batched": self.batch_sampler is not None,
            "drop_last": self.drop_last,
            "init_fn": self.worker_init_fn,
        }
        ahead = self.num_workers * (self.prefetch_factor or 1)
        pool = WorkerPool(
            spec, self.num_workers, self.multiprocessing_context, self.timeout, kept_files=ahead + 2
        )
        if self.persistent_workers:
            self._pool = pool
        return pool

    def _forget_pool(self, pool: WorkerPool) -> None:
        pool.close()
        if self._pool is pool:
            self._pool = None


def _batches_here(loader: DataLoader[Any], seed: int) -> Iterator[Any]:
    with batch_seeds(seed, 0):
        fetch = make_fetch(
            loader.dataset, loader.collate_fn, loader.batch_sampler is not None, loader.drop_last
        )
    for number, index in enumerate(loader._indices):
        # See Note [The same batches for any number of workers].
        with batch_seeds(seed, number):
            try:
                batch = fetch(index)
            except EndOfStream:
                return
        yield batch


class _WorkerIterator:
    """One pass over the dataset, with prefetch tasks for the workers.

    Each worker loads its batches in the order of its tasks, and tasks are assigned in rotation, so
    that batches arrive in order without sorting.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        seed = draw_seed(loader.generator)
        self._loader = loader
        self._pool = loader._acquire_pool()
        self._indices = enumerate(loader._indices)
        self._owners: dict[int, int] = {}
        self._next = 0
        self._failed = False
        try:
            self._epoch = self._pool.start_epoch(seed)
            for _ in range(loader.prefetch_factor or 1):
                for worker in range(loader.num_workers):
                    self._assign(worker)
        except BaseException:
            loader._forget_pool(self._pool)
            raise

    def _assign(self, worker: int) -> None:
        task = next(self._indices, None)
        if task is not None:
            number, index = task
            self._owners[number] = worker
            self._pool.make(worker, number, index)

    def __iter__(self) -> _WorkerIterator:
        return self

    def __len__(self) -> int:
        return len(self._loader)

    def __next__(self) -> Any:
        if self._failed:
            raise StopIteration
        if self._pool.epoch != self._epoch:
            raise RuntimeError(
                "DataLoader: a new iteration with the same persistent workers has begun"
            )
        while self._next in self._owners:
            worker = self._owners.pop(self._next)
            self._next += 1
            answer = self._receive(worker)
            if answer.failure is None and answer.parcel is None:
                continue  # this worker's stream has ended
            self._assign(worker)
            if answer.failure is not None:
                answer.failure.reraise()
            return self._pool.unpack(answer.parcel)
        if not self._loader.persistent_workers:
            self._pool.close()
        raise StopIteration

    def _receive(self, worker: int) -> Any:
        try:
            return self._pool.receive(worker)
        except BaseException:
            self._failed = True
            self._loader._forget_pool(self._pool)
            raise

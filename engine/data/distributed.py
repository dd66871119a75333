"""The part of a dataset that one of several processes trains on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sized

from engine import _C
from engine._validation import check_int
from engine.data.sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every num_replicas-th index from rank on, the same number for each process.

    The order is shuffled by `seed` and the epoch of `set_epoch`, the same in all processes. If the
    length does not divide, the first indices are repeated, or with drop_last the last ones dropped.

    >>> import engine
    >>> list(engine.data.DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        for name, value in (("num_replicas", num_replicas), ("rank", rank)):
            if value is None:
                raise RuntimeError(
                    f"DistributedSampler: give {name}; process groups, which would define it, "
                    "are not implemented yet"
                )
        assert num_replicas is not None and rank is not None
        check_int("DistributedSampler", "num_replicas", num_replicas, low=1)
        check_int("DistributedSampler", "rank", rank, low=0)
        check_int("DistributedSampler", "seed", seed, low=0)
        if rank >= num_replicas:
            raise ValueError(
                f"DistributedSampler: rank must be less than num_replicas, got {rank} of "
                f"{num_replicas}"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        whole, rest = divmod(len(dataset), num_replicas)
        self.num_samples = whole if drop_last or not rest else whole + 1
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        order = list(range(n))
        if self.shuffle:
            generator = _C.Generator().manual_seed(self.seed + self.epoch)
            order = _C.randperm(n, generator=generator).tolist()
        repeated = itertools.cycle(order)
        return itertools.islice(repeated, self.rank, self.total_size, self.num_replicas)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that the order depends on; call it before each epoch, in all processes."""
        self.epoch = epoch

"""Making one batch from a dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.data.dataset import Dataset, IterableDataset

Fetch = Callable[[Any], Any]


def make_fetch(
    dataset: Dataset[Any], collate_fn: Callable[[Any], Any], batched: bool, drop_last: bool
) -> Fetch:
    """The function from an index, or a list of indices where batched, to a batch.

    For an IterableDataset it starts the stream; the indices only count the samples, and
    StopIteration says that no batch is left.
    """
    if isinstance(dataset, IterableDataset):
        return _fetch_from_stream(dataset, collate_fn, batched, drop_last)

    def fetch(index: Any) -> Any:
        if not batched:
            return collate_fn(dataset[index])
        if hasattr(dataset, "__getitems__"):
            return collate_fn(dataset.__getitems__(index))
        return collate_fn([dataset[i] for i in index])

    return fetch


def _fetch_from_stream(
    dataset: IterableDataset[Any],
    collate_fn: Callable[[Any], Any],
    batched: bool,
    drop_last: bool,
) -> Fetch:
    samples = iter(dataset)

    def fetch(index: Any) -> Any:
        if not batched:
            return collate_fn(next(samples))
        batch = [sample for _, sample in zip(index, samples, strict=False)]
        if not batch or (drop_last and len(batch) < len(index)):
            raise StopIteration
        return collate_fn(batch)

    return fetch

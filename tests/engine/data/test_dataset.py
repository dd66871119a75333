"""Datasets, samplers and collation."""

from __future__ import annotations

import importlib
from collections import Counter, OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)


def numbers(start: int, end: int) -> TensorDataset:
    return TensorDataset(engine.arange(start, end))


def values(dataset: Any) -> list[int]:
    return [dataset[i][0].item() for i in range(len(dataset))]


def test_concat() -> None:
    joined = numbers(0, 3) + numbers(10, 12)
    assert isinstance(joined, ConcatDataset)
    assert values(joined) == [0, 1, 2, 10, 11]
    assert joined[-1][0].item() == 11
    with pytest.raises(IndexError, match="index 5 is out of range of 5"):
        joined[5]
    with pytest.raises(ValueError, match="must not be empty"):
        ConcatDataset([])


def test_chain() -> None:
    class Stream(IterableDataset[int]):
        def __iter__(self) -> Any:
            return iter([1, 2])

    chained = Stream() + Stream()
    assert isinstance(chained, ChainDataset)
    assert list(chained) == [1, 2, 1, 2]
    with pytest.raises(TypeError, match="takes no IterableDataset"):
        ConcatDataset([Stream()])


def test_subset() -> None:
    assert values(Subset(numbers(5, 10), [4, 0])) == [9, 5]


def test_tensor_dataset_refuses_different_lengths() -> None:
    with pytest.raises(ValueError, match=r"different lengths \[2, 3\]"):
        TensorDataset(engine.zeros(2), engine.zeros(3))


def test_random_split() -> None:
    data = numbers(0, 10)
    engine.manual_seed(0)
    parts = random_split(data, [6, 4])
    assert [len(part) for part in parts] == [6, 4]
    assert sorted(values(parts[0]) + values(parts[1])) == list(range(10))
    assert [len(part) for part in random_split(data, [0.5, 0.25, 0.25])] == [6, 2, 2]
    with pytest.raises(ValueError, match="must sum to the dataset's length 10 or to 1"):
        random_split(data, [5, 4])


def test_sequential_and_batches() -> None:
    assert list(SequentialSampler(range(3))) == [0, 1, 2]
    batches = BatchSampler(SequentialSampler(range(5)), 2, drop_last=True)
    assert list(batches) == [[0, 1], [2, 3]]
    assert len(batches) == 2
    assert len(BatchSampler(SequentialSampler(range(5)), 2, drop_last=False)) == 3


def test_random_sampler() -> None:
    engine.manual_seed(0)
    sampler = RandomSampler(range(30))
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second
    assert Counter(RandomSampler(range(3), num_samples=6)) == {0: 2, 1: 2, 2: 2}
    drawn = list(RandomSampler(range(3), replacement=True, num_samples=300))
    assert set(drawn) == {0, 1, 2} and len(drawn) == 300
    with pytest.raises(ValueError, match="num_samples must be positive"):
        RandomSampler(range(3), num_samples=0)


def test_order_is_independent_of_other_random_numbers() -> None:
    def order(disturb: bool) -> list[int]:
        engine.manual_seed(4)
        indices = iter(RandomSampler(range(20), num_samples=40))
        taken = [next(indices) for _ in range(5)]
        if disturb:
            engine.rand(100)
        return taken + list(indices)

    assert order(True) == order(False)


def test_subset_random_sampler() -> None:
    assert sorted(SubsetRandomSampler([7, 3, 5])) == [3, 5, 7]


def test_weighted_random_sampler() -> None:
    engine.manual_seed(0)
    drawn = Counter(WeightedRandomSampler([0.0, 3.0, 1.0], 4000))
    assert set(drawn) == {1, 2}
    assert abs(drawn[1] / 4000 - 0.75) < 0.05
    assert sorted(WeightedRandomSampler([1.0, 2.0, 3.0], 3, replacement=False)) == [0, 1, 2]


Pair = namedtuple("Pair", ["x", "y"])


def test_collate_containers() -> None:
    batch = default_collate([Pair(1, "a"), Pair(2, "b")])
    assert isinstance(batch, Pair)
    assert batch.x.tolist() == [1, 2] and batch.y == ["a", "b"]
    nested = default_collate([OrderedDict(k=[1.5, (2, 3)]), OrderedDict(k=[2.5, (4, 5)])])
    assert isinstance(nested, OrderedDict)
    floats, (left, right) = nested["k"]
    assert floats.tolist() == [1.5, 2.5] and floats.dtype == engine.float64
    assert left.tolist() == [2, 4] and right.tolist() == [3, 5]


def test_collate_arrays_and_tensors() -> None:
    batch = default_collate([np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)])
    assert tuple(batch.shape) == (2, 2, 3) and batch.dtype == engine.float32
    assert default_collate([np.int64(3), np.int64(4)]).tolist() == [3, 4]
    assert default_collate([engine.ones(2), engine.zeros(2)]).tolist() == [[1, 1], [0, 0]]
    assert default_collate([True, False]).dtype == engine.bool


def test_collate_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        default_collate([engine.ones(2), engine.ones(3)])
    with pytest.raises(ValueError, match="different shapes"):
        default_collate([np.ones(2), np.ones(3)])
    with pytest.raises(ValueError, match=r"different lengths \[1, 2\]"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="got object"):
        default_collate([object()])
    with pytest.raises(TypeError, match="cannot become tensors"):
        default_collate([np.array(["a"])])


def test_convert() -> None:
    got = default_convert({"a": np.arange(2), "b": ["text", np.float32(1.5)]})
    assert got["a"].tolist() == [0, 1]
    assert got["b"][0] == "text" and got["b"][1].item() == 1.5


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("dataset", "Dataset IterableDataset TensorDataset StackDataset ConcatDataset"),
        ("dataset", "ChainDataset Subset random_split"),
        ("dataloader", "DataLoader default_collate default_convert get_worker_info"),
        ("sampler", "Sampler RandomSampler SequentialSampler SubsetRandomSampler BatchSampler"),
        ("sampler", "WeightedRandomSampler"),
        ("distributed", "DistributedSampler"),
        ("_utils.collate", "default_collate default_convert"),
    ],
)
def test_the_modules_of_pytorch(module: str, names: str) -> None:
    found = importlib.import_module(f"engine.utils.data.{module}")
    for name in names.split():
        assert (
            getattr(found, name) is getattr(engine.utils.data, name) is getattr(engine.data, name)
        )


def test_stack_dataset() -> None:
    calls = []

    class Together(Dataset[int]):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> int:
            return 10 * index

        def __getitems__(self, indices: list[int]) -> list[int]:
            calls.append(indices)
            return [self[i] for i in indices]

    rows = StackDataset(Together(), "abc")
    assert (len(rows), rows[1], rows.__getitems__([2, 0])) == (3, (10, "b"), [(20, "c"), (0, "a")])
    named = StackDataset(x=Together(), y="abc")
    assert named[2] == {"x": 20, "y": "c"}
    assert named.__getitems__([1]) == [{"x": 10, "y": "b"}] and calls == [[2, 0], [1]]
    with pytest.raises(ValueError, match=r"different lengths \[3, 2\]"):
        StackDataset("abc", "ab")
    with pytest.raises(ValueError, match="either by position or by name, got 0 and 0"):
        StackDataset()


def test_subset_asks_for_samples_together() -> None:
    class Together(Dataset[int]):
        def __getitems__(self, indices: list[int]) -> list[int]:
            return [-i for i in indices]

    assert Subset(Together(), [5, 6, 7]).__getitems__([2, 0]) == [-7, -5]


@pytest.mark.parametrize(("length", "drop_last"), [(10, False), (10, True), (9, True), (2, False)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_distributed_sampler(length: int, drop_last: bool, shuffle: bool) -> None:
    """The parts have equal lengths and cover all indices, except for those of drop_last."""
    samplers = [
        DistributedSampler(range(length), 3, rank, shuffle, seed=1, drop_last=drop_last)
        for rank in range(3)
    ]
    parts = [list(sampler) for sampler in samplers]
    size = length // 3 if drop_last else -(-length // 3)
    assert [len(part) for part in parts] == [len(s) for s in samplers] == [size] * 3
    merged = [index for row in zip(*parts, strict=True) for index in row]
    assert len(set(merged)) == min(length, 3 * size)
    if not shuffle:
        assert merged == [i % length for i in range(3 * size)]
        return
    for sampler in samplers:
        sampler.set_epoch(1)
    assert (length == 2) or [list(sampler) for sampler in samplers] != parts


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: DistributedSampler(range(3)), RuntimeError, "give num_replicas; process groups"),
        (lambda: DistributedSampler(range(3), 2), RuntimeError, "give rank"),
        (lambda: DistributedSampler(range(3), 2, 2), ValueError, "less than num_replicas, got 2"),
        (lambda: BatchSampler([1], 0, False), ValueError, "batch_size must be positive, got 0"),
        (lambda: BatchSampler([1], 2, None), TypeError, "BatchSampler: argument 'drop_last'"),
        (lambda: RandomSampler([1], replacement=2), TypeError, "replacement must be True or False"),
        (lambda: WeightedRandomSampler(engine.ones(2), 0), ValueError, "num_samples must be posit"),
        (lambda: random_split(range(3), [-1, 4]), ValueError, "lengths must not be negative"),
        (lambda: random_split(range(3), [1.5, 1.5]), ValueError, "must sum to the dataset's len"),
        (lambda: random_split(range(3), 3), TypeError, "argument 'lengths'"),
    ],
)
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_an_empty_part_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="part 1 of 1 samples is empty"):
        parts = random_split([7], [0.9, 0.1])
    assert [list(part) for part in parts] == [[7], []]

"""Sharded weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import split_state_dict_into_shards_factory

from hub.formats import Buffer, FormatError, read, save_safetensors, save_sharded, save_torch
from hub.formats.sharded import plan_shards

SIZES = {"a": 30, "b": 30, "c": 50, "d": 200, "e": 10, "f": 95, "g": 5, "h": 0}


def tensors(**sizes: int) -> dict[str, Buffer]:
    return {
        name: Buffer.from_numpy(np.full(size, ord(name[0]), np.uint8))
        for name, size in sizes.items()
    }


def same(found: object, expected: dict[str, Buffer]) -> bool:
    assert isinstance(found, dict) and found.keys() == expected.keys()
    return all(np.array_equal(found[name].numpy(), expected[name].numpy()) for name in expected)


def write_index(folder: Path, weight_map: object, **fields: object) -> Path:
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": weight_map, **fields}))
    return path


@pytest.mark.parametrize("limit", [1, 30, 60, 100, 200, 1000])
def test_shards_are_split_as_the_library_of_the_public_hub_does(limit: int) -> None:
    split = split_state_dict_into_shards_factory(
        tensors(**SIZES),
        get_storage_size=lambda tensor: tensor.nbytes,
        filename_pattern="model{suffix}.safetensors",
        max_shard_size=limit,
    )
    assert plan_shards(tensors(**SIZES), limit) == [
        names for names in split.filename_to_tensors.values() if names
    ]


def test_round_trip(tmp_path: Path) -> None:
    expected = tensors(**SIZES)
    files = save_sharded(tmp_path / "model.safetensors", expected, 100, {"format": "pt", "x": "y"})
    assert [file.name for file in files] == sorted(file.name for file in tmp_path.iterdir())
    assert same(read(files[-1]), expected) and same(read(tmp_path), expected)
    index = json.loads(files[-1].read_text())
    assert index["metadata"] == {"format": "pt", "x": "y", "total_size": sum(SIZES.values())}
    assert set(index["weight_map"]) == set(SIZES)


def test_one_shard_is_a_plain_file(tmp_path: Path) -> None:
    (file,) = save_sharded(tmp_path / "model.safetensors", tensors(a=3), 100)
    assert file == tmp_path / "model.safetensors" and same(read(tmp_path), tensors(a=3))
    (empty,) = save_sharded(tmp_path / "none.safetensors", {}, 100)
    assert read(empty) == {}
    with pytest.raises(ValueError, match="shard_size"):
        save_sharded(tmp_path / "model.safetensors", tensors(a=3), 0)


def test_shards_of_pytorch(tmp_path: Path) -> None:
    expected = tensors(a=3, b=4)
    for name in expected:
        save_torch(tmp_path / f"{name}.bin", {name: expected[name]})
    (tmp_path / "pytorch_model.bin.index.json").write_text(
        json.dumps({"metadata": {"total_size": 7.0}, "weight_map": {"a": "a.bin", "b": "b.bin"}})
    )
    assert same(read(tmp_path), expected)


@pytest.mark.parametrize(
    "name",
    ["../a.safetensors", "/etc/passwd", "sub/a.safetensors", "a\\b", "C:a", "..", ".", "", ".a"]
    + ["a\0b", 3, None, ["a.safetensors"]],
)
def test_names_that_leave_the_folder(tmp_path: Path, name: object) -> None:
    save_safetensors(tmp_path / "a.safetensors", tensors(a=3))
    with pytest.raises(FormatError, match=r"tensor 'a'.*not a file of this folder"):
        read(write_index(tmp_path, {"a": name}))


def bad(tmp_path: Path, weight_map: dict[str, str], **shards: dict[str, Buffer]) -> str:
    for name, content in shards.items():
        save_safetensors(tmp_path / f"{name}.safetensors", content)
    named = {tensor: f"{file}.safetensors" for tensor, file in weight_map.items()}
    with pytest.raises(FormatError) as caught:
        read(write_index(tmp_path, named))
    return str(caught.value)


def test_tensors_that_are_missing_or_too_many(tmp_path: Path) -> None:
    one = {"x": tensors(a=3), "y": tensors(b=4)}
    assert "x.safetensors lacks 'c'" in bad(tmp_path, {"a": "x", "c": "x", "b": "y"}, **one)
    twice = {"x": tensors(a=3, b=4), "y": tensors(b=4)}
    assert "'b' is in x.safetensors as well as in y.safetensors" in bad(
        tmp_path, {"a": "x", "b": "y"}, **twice
    )
    assert "holds 'b', which the index does not list" in bad(tmp_path, {"a": "x"}, **twice)
    assert "no such file" in bad(tmp_path, {"a": "x", "b": "missing"}, x=tensors(a=3))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{}", "weight_map"),
        ('{"weight_map": []}', "weight_map"),
        ('{"weight_map": {"a": "x", "a": "y"}}', "duplicate key 'a'"),
        ('{"weight_map": {"a": "x"}', "not JSON"),
        ('{"model_type": "bert", "dropout": 0.1}', "weight_map"),
        ('{"x": 1e999}', "out of range"),
        ('{"x":' + "[" * 100_000, "malformed"),
    ],
)
def test_malformed_indices(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=match):
        read(path)


def test_an_index_among_the_shards(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="JSON text, not weights"):
        read(write_index(tmp_path, {"a": "model.safetensors.index.json"}))


@pytest.mark.parametrize("shard", [{"a": 3}, [1], {1: 2}])
def test_shards_that_hold_something_else(tmp_path: Path, shard: Any) -> None:
    save_torch(tmp_path / "a.bin", shard)
    with pytest.raises(FormatError, match=r"a\.bin: "):
        read(write_index(tmp_path, {"a": "a.bin"}))


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="a folder without a weight file"):
        read(tmp_path)
    save_torch(tmp_path / "weights.pth", tensors(a=1))
    assert same(read(tmp_path), tensors(a=1))
    save_torch(tmp_path / "other.pth", tensors(a=2))
    with pytest.raises(FormatError, match=r"not clear: other\.pth, weights\.pth"):
        read(tmp_path)
    save_torch(tmp_path / "pytorch_model.bin", tensors(a=3))
    assert same(read(tmp_path), tensors(a=3))
    save_safetensors(tmp_path / "model.safetensors", tensors(a=4))
    assert same(read(tmp_path), tensors(a=4))

"""Conversion of weight files, as a function and as a command."""

from __future__ import annotations

import json
import tracemalloc
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from hub.cli import main
from hub.convert import convert
from hub.formats import Buffer, FormatError, SafetensorsFile, read, save_safetensors, save_torch

BASE = Buffer.from_numpy(np.arange(12, dtype=np.float32).reshape(3, 4))
TURNED = Buffer("float32", (4, 3), (1, 4), BASE.storage)
ROW = Buffer("float32", (4,), (1,), BASE.storage, 4)
OTHER = Buffer.from_numpy(np.arange(5))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    state = OrderedDict(decoder=BASE, encoder=BASE, turned=TURNED, row=ROW, z=OTHER, a=OTHER)
    save_torch(path, state)
    return path


def arrays(path: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    found = read(path)
    assert isinstance(found, dict)
    return {name: tensor.numpy() for name, tensor in found.items()}


def test_there_and_back(weights: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.safetensors"
    done = convert(weights, target)
    assert done.files == (target,) and done.tensors == 4
    assert done.aliases == {"encoder": "decoder", "z": "a"}
    assert SafetensorsFile(target).metadata == {"format": "pt", "encoder": "decoder", "z": "a"}
    back = tmp_path / "back.pt"
    assert convert(target, back).aliases == done.aliases
    before, after = arrays(weights), arrays(back)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    found = read(back)
    assert isinstance(found, dict) and found["encoder"].storage is found["decoder"].storage


def test_the_library_of_the_format_reads_it(weights: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.safetensors"
    convert(weights, target)
    theirs, ours = safetensors.numpy.load_file(target), arrays(target)
    assert theirs.keys() == {"decoder", "turned", "row", "a"}
    assert ours.keys() == theirs.keys() | {"encoder", "z"}
    for name in theirs:
        assert np.array_equal(theirs[name], arrays(weights)[name])
    safetensors.numpy.save_file(theirs, tmp_path / "theirs.safetensors", {"by": "them"})
    convert(tmp_path / "theirs.safetensors", tmp_path / "again.safetensors")
    again = SafetensorsFile(tmp_path / "again.safetensors")
    assert again.metadata == {"format": "pt", "by": "them"}
    assert np.array_equal(again["turned"].numpy(), theirs["turned"])


def test_shards(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    done = convert(weights, folder / "model.safetensors", shard_size=60)
    assert [file.name for file in done.files] == [
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
        "model.safetensors.index.json",
    ]
    index = json.loads(done.files[-1].read_text())
    assert index["metadata"]["encoder"] == "decoder"
    for source in (folder, done.files[-1]):
        convert(source, tmp_path / "back.pth")
        assert (
            arrays(tmp_path / "back.pth").keys() == arrays(source).keys() == arrays(weights).keys()
        )
    assert all(SafetensorsFile(file).metadata == {"format": "pt"} for file in done.files[:-1])


def test_dtype(weights: Path, tmp_path: Path) -> None:
    convert(weights, tmp_path / "half.safetensors", dtype="bfloat16")
    file = SafetensorsFile(tmp_path / "half.safetensors")
    assert {name: file[name].dtype for name in file} == {
        "decoder": "bfloat16",
        "turned": "bfloat16",
        "row": "bfloat16",
        "a": "int64",
    }
    convert(weights, tmp_path / "half.pt", dtype="float16")
    found = read(tmp_path / "half.pt")
    assert isinstance(found, dict) and found["encoder"].storage is found["decoder"].storage
    assert np.array_equal(found["turned"].numpy(), arrays(weights)["turned"])


def test_a_reserved_name_is_never_an_alias(tmp_path: Path) -> None:
    save_torch(tmp_path / "w.pt", {"alpha": OTHER, "format": OTHER})
    done = convert(tmp_path / "w.pt", tmp_path / "w.safetensors")
    assert done.aliases == {"alpha": "format"}
    assert convert(tmp_path / "w.safetensors", tmp_path / "b.pt").aliases == done.aliases


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": OTHER, "epoch": 3}, "'epoch' is int 3, not a tensor"),
        ({"state_dict": {"a": OTHER}}, "take them with the key 'state_dict'"),
        ({"a": OTHER, 3: OTHER}, "int 3 is no name of a tensor"),
        ([OTHER], "holds a list, not tensors by name"),
        ({"a": Buffer.from_numpy(np.ones(2, np.complex128))}, "cannot hold complex128"),
    ],
)
def test_non_tensors_are_refused(tmp_path: Path, value: object, message: str) -> None:
    save_torch(tmp_path / "w.pt", value)
    with pytest.raises(FormatError, match=message) as caught:
        convert(tmp_path / "w.pt", tmp_path / "w.safetensors")
    assert caught.value.file == str(tmp_path / "w.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["w.pt"]


def test_a_key(tmp_path: Path) -> None:
    save_torch(tmp_path / "w.pt", {"state_dict": {"a": OTHER}, "epoch": 3})
    convert(tmp_path / "w.pt", tmp_path / "w.safetensors", key="state_dict")
    assert list(arrays(tmp_path / "w.safetensors")) == ["a"]
    with pytest.raises(FormatError, match="has no entry 'model'"):
        convert(tmp_path / "w.pt", tmp_path / "w.safetensors", key="model")


def test_arguments(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="should end in one of"):
        convert(weights, tmp_path / "w.onnx")
    with pytest.raises(ValueError, match="only safetensors files are split"):
        convert(weights, tmp_path / "w.pt", shard_size=5)


@pytest.mark.parametrize("target", ["w.safetensors", "w.pt"])
def test_memory_holds_one_tensor(tmp_path: Path, target: str) -> None:
    one = 8 << 20
    many = {f"t{n}": Buffer.from_numpy(np.ones(one // 4, np.float32)) for n in range(8)}
    source = tmp_path / "many.safetensors"
    save_safetensors(source, many)
    tracemalloc.start()
    convert(source, tmp_path / target, dtype="float64")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * one + one * 2  # a tensor of float64 and the blocks of its conversion


def test_command(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "m.safetensors")
    assert main(["convert", str(weights), target, "--dtype", "float16"]) == 0
    assert capsys.readouterr().out.endswith("4 tensors, 2 more names for them\n")
    assert main(["convert", str(weights), target]) == 1
    assert "is there already; --force writes over it" in capsys.readouterr().err
    assert main(["convert", f"file:{weights}", target, "--force"]) == 0
    sizes = ["convert", str(weights), target, "--force"]
    assert main([*sizes, "--shard-size=60B"]) == 0
    capsys.readouterr()
    for wrong in ("0", "5XB", "-1GB"):
        assert main([*sizes, f"--shard-size={wrong}"]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["convert", str(weights), str(tmp_path / "m.xyz")]) == 1
    assert capsys.readouterr().err.count("\n") == 1

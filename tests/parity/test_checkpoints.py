"""Checkpoints of either framework are read by the other."""

from __future__ import annotations

import argparse
import copy
import io
import random
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine

torch = pytest.importorskip("torch", reason="PyTorch is here in `make parity` only")
safetensors_torch = pytest.importorskip("safetensors.torch")

WAYS = [(engine, torch), (torch, engine), (engine, engine)]
NUMPY = [np._core.multiarray._reconstruct, np._core.multiarray.scalar, np.ndarray, np.dtype]  # type: ignore[attr-defined]
NUMPY += [type(np.dtype(code)) for code in ("f4", "f8", "i8", "?")]

both_ways = pytest.mark.parametrize(
    ("writer", "reader"), WAYS, ids=[f"{a.__name__}-{b.__name__}" for a, b in WAYS]
)


def network(lib: Any) -> Any:
    class Net(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = lib.nn.Conv2d(1, 4, 3)
            self.norm = lib.nn.BatchNorm2d(4)
            self.fc = lib.nn.Linear(4 * 6 * 6, 3)

        def forward(self, x: Any) -> Any:
            return self.fc(lib.relu(self.norm(self.conv(x))).flatten(1))

    net, rng = Net(), np.random.default_rng(0)
    with lib.no_grad():
        for parameter in net.parameters():
            values = rng.standard_normal(tuple(parameter.shape)) * 0.1
            parameter.copy_(lib.from_numpy(values.astype(np.float32)))
    return net


def tied(lib: Any) -> Any:
    class Model(lib.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.wte = lib.nn.Embedding(5, 4)
            self.h = lib.nn.Linear(4, 4)
            self.head = lib.nn.Linear(4, 5, bias=False)
            self.head.weight = self.wte.weight

    return Model()


def train(lib: Any, net: Any, optimizer: Any, number: int) -> float:
    rng = np.random.default_rng(number)
    x = lib.from_numpy(rng.standard_normal((5, 1, 8, 8)).astype(np.float32))
    y = lib.from_numpy(rng.integers(0, 3, 5))
    optimizer.zero_grad()
    loss = lib.nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    return float(loss.item())


def everything(lib: Any) -> dict[str, Any]:
    weight = lib.arange(12.0).reshape(3, 4)
    state = OrderedDict(
        a=weight, t=weight.t(), row=weight[1], wide=lib.ones(1).expand(3), none=lib.zeros(0, 3)
    )
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    parameter, leaf, shared = lib.nn.Parameter(lib.ones(2, 2)), lib.ones(3), [1, 2]
    leaf.requires_grad_(True)
    kinds = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"]
    return {
        "model": state,
        "tied": [parameter, parameter, weight],
        "frozen": lib.nn.Parameter(lib.ones(2), requires_grad=False),
        "gradients": [leaf, leaf * 2],
        "kinds": {name: lib.ones(3).to(getattr(lib, name)) for name in [*kinds, "uint8", "bool"]},
        "facts": [lib.float32, lib.bfloat16, lib.bool, lib.Size([2, 3]), lib.device("cpu")],
        "numbers": [3, 2**100, -(2**70), 1e-300, float("inf"), 1 + 2j, True, None],
        "text": ["héllo \U0001f600", b"\0\xff" * 10, bytearray(b"xy")],
        "nested": [(1, (2, [3, {"x": (4,), 5: {"a", "b", 3}}]))],
        "dicts": [defaultdict(list, {"a": [1]}), Counter("aab"), {(1, "a"): 2.5, None: {}}],
        "shared": (shared, shared),
    }


def same(ours: Any, theirs: Any, where: str = "value") -> None:
    """Assert that two values are equal up to the framework."""
    if isinstance(ours, (engine.Tensor, torch.Tensor)):
        assert type(ours).__name__ == type(theirs).__name__, where
        for name in ("dtype", "shape"):
            found = [str(getattr(value, name)).split(".")[-1] for value in (ours, theirs)]
            assert found[0].removeprefix("Size") == found[1].removeprefix("Size"), where
        assert ours.stride() == theirs.stride() and ours.requires_grad == theirs.requires_grad, (
            where
        )
        assert ours.storage_offset() == theirs.storage_offset(), where
        values = [value.detach().double().numpy() for value in (ours, theirs)]
        np.testing.assert_array_equal(*values, err_msg=where)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        assert getattr(ours, "_metadata", None) == getattr(theirs, "_metadata", None)
        for key in ours:
            same(ours[key], theirs[key], f"{where}[{key!r}]")
    elif isinstance(ours, (list, tuple)):
        assert type(ours).__name__ == type(theirs).__name__ and len(ours) == len(theirs), where
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            same(*pair, f"{where}[{index}]")
    elif type(ours).__module__ in ("engine", "torch", "engine._C"):
        assert repr(ours).split(".")[-1] == repr(theirs).split(".")[-1], where
    else:
        assert type(ours) is type(theirs) and ours == theirs, where


def check_sharing(value: Any) -> None:
    state = value["model"]
    assert state["a"].data_ptr() == state["t"].data_ptr() == state["row"].data_ptr() - 16
    assert value["tied"][0] is value["tied"][1] and value["tied"][2] is state["a"]
    assert value["shared"][0] is value["shared"][1] and type(state) is OrderedDict


@both_ways
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_everything_that_checkpoints_hold(writer: Any, reader: Any, zipped: bool) -> None:
    file = io.BytesIO()
    writer.save(everything(writer), file, _use_new_zipfile_serialization=zipped)
    for weights_only in (True, False):
        file.seek(0)
        found = reader.load(file, weights_only=weights_only)
        check_sharing(found)
        expected = everything(reader)
        # PyTorch's safe reader cannot set items of a defaultdict, so that it is written as a dict.
        found["dicts"][0] = defaultdict(list, found["dicts"][0])
        same(found, expected)


@both_ways
@pytest.mark.parametrize("name", ["uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"])
def test_dtypes_without_a_storage_type(writer: Any, reader: Any, name: str) -> None:
    file, tensor = io.BytesIO(), writer.tensor([1, 2]).to(getattr(writer, name))
    writer.save([tensor, tensor[1:]], file)
    file.seek(0)
    whole, part = reader.load(file)
    assert whole.dtype is part.dtype is getattr(reader, name)
    assert whole.float().tolist() == [1.0, 2.0] and part.float().tolist() == [2.0]
    assert part.data_ptr() - whole.data_ptr() == whole.element_size()
    with pytest.raises(ValueError, match=rf"before PyTorch 1\.6 has no {name}"):
        engine.save(
            engine.ones(1).to(getattr(engine, name)), file, _use_new_zipfile_serialization=False
        )


@pytest.mark.parametrize("protocol", range(2, 6))
def test_pickle_protocols_of_pytorch(protocol: int) -> None:
    file = io.BytesIO()
    torch.save(everything(torch), file, pickle_protocol=protocol)
    file.seek(0)
    found = engine.load(file)
    check_sharing(found)
    same(found, everything(torch))


@both_ways
def test_a_training_resumes(writer: Any, reader: Any, tmp_path: Path) -> None:
    def build(lib: Any) -> tuple[Any, Any, Any]:
        net = network(lib)
        optimizer = lib.optim.AdamW(net.parameters(), lr=0.01)
        return net, optimizer, lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)

    net, optimizer, scheduler = build(writer)
    for number in range(3):
        train(writer, net, optimizer, number)
        scheduler.step()
    state = {
        "model": net.state_dict(),
        "ema": copy.deepcopy(net).state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 3,
        "python": random.getstate(),
    }
    writer.save(state, tmp_path / "last.ckpt")
    found = reader.load(tmp_path / "last.ckpt", map_location="cpu", weights_only=True)
    other, other_optimizer, other_scheduler = build(reader)
    other.load_state_dict(found["ema"])
    other.load_state_dict({name: found["model"][name] for name in other.state_dict()})
    other_optimizer.load_state_dict(found["optimizer"])
    other_scheduler.load_state_dict(found["scheduler"])
    random.setstate(found["python"])
    for number in range(3, 6):
        here = train(writer, net, optimizer, number)
        there = train(reader, other, other_optimizer, number)
        scheduler.step()
        other_scheduler.step()
        np.testing.assert_allclose(here, there, rtol=1e-4)
        np.testing.assert_allclose(scheduler.get_last_lr(), other_scheduler.get_last_lr())


@both_ways
def test_numpy_values_and_namespaces(writer: Any, reader: Any) -> None:
    value: dict[str, Any] = {
        "array": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.ones((2, 3), np.float32)),
        "scalars": [np.float64(0.5), np.float32(1.5), np.int64(7), np.bool_(True)],
        "args": argparse.Namespace(lr=0.1, sizes=[1, 2]),
    }
    file = io.BytesIO()
    writer.save(value, file)
    file.seek(0)
    with reader.serialization.safe_globals([*NUMPY, argparse.Namespace]):
        found = reader.load(file, weights_only=True)
    assert found["args"] == value["args"]
    assert [type(item) for item in found["scalars"]] == [type(item) for item in value["scalars"]]
    for name in ("array", "fortran"):
        np.testing.assert_array_equal(found[name], value[name])
        assert found[name].dtype == value[name].dtype and found[name].flags.writeable


SAVERS: dict[str, tuple[Callable[[Any, Path], None], Callable[[Any, Path], None]]] = {
    "engine-torch": (
        lambda net, path: engine.save(net.state_dict(), path),
        lambda net, path: safetensors_torch.load_model(net, path),
    ),
    "torch-engine": (
        lambda net, path: safetensors_torch.save_model(net, path),
        lambda net, path: net.load_state_dict(engine.load(path)),
    ),
}


@pytest.mark.parametrize("way", SAVERS)
def test_tied_weights_in_safetensors(way: str, tmp_path: Path) -> None:
    libs = {"engine": engine, "torch": torch}
    writer, reader = (libs[name] for name in way.split("-"))
    save, load = SAVERS[way]
    before, after = tied(writer), tied(reader)
    save(before, tmp_path / "a.safetensors")
    load(after, tmp_path / "a.safetensors")
    assert after.head.weight is after.wte.weight
    for name, tensor in before.state_dict().items():
        np.testing.assert_array_equal(
            after.state_dict()[name].numpy(), tensor.numpy(), err_msg=name
        )
    with safetensors_torch.safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.metadata()["wte.weight"] == "head.weight"


def test_whole_modules_and_storages_of_two_dtypes_are_refused() -> None:
    file = io.BytesIO()
    torch.save(torch.nn.Linear(2, 1), file)
    for weights_only in (True, False):
        file.seek(0)
        with pytest.raises(Exception, match="is not allowed"):
            engine.load(file, weights_only=weights_only)
    storage = engine.zeros(2)
    with pytest.raises(ValueError, match="a storage of float32 is seen as int32"):
        engine.save([storage, storage.view(engine.int32)], io.BytesIO())

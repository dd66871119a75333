"""Checkpoints: save and load, with files and file objects."""

from __future__ import annotations

import argparse
import base64
import dataclasses
import io
import json
import os
import pickle
import tempfile
import zlib
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, serialization
from hub.errors import FormatError
from hub.formats import read_metadata

W = engine.arange(6.0).reshape(2, 3)

# Written by PyTorch 2.13: a network, its SGD after a step, StepLR, and common extras.
CHECKPOINT = """
eNrNV1twG1cZXkmJYm9cJykJuQABWqAb0jqRbMt2m1bBLXLpgmtvmiICZjlaHWk3XV2+3bO+BAQpRU5cLk3KNQFKWy4pUO6X
Um4tlOsMPNAZZnjggRkeGGaYYQZemOEBzjkrK9pt7dDkhaNZrXb3fP///f/5v3+PZvTUBkXp61OeM7YqVyvEs2xnnh4oE0aG
mve4hclB5VhknEy2oGjFjRxQa5Spi4RlNVyXWsxp1H31Tq9MPVq+zbGYiuQ+AymtKHwdHFqgTtVm2GCxBncyZAbMcX3V9Ggp
cNyyyWjdb3jmfFbFRk0rbuIYn88kVYp0CFELboOwI+FNFZuKCWEXfcUUP1vNAP16kkGd1RU9oSeXsVlP6ollDKzYgsdVDIMG
thTTkkzJIT622tyTnbZDSxlss/v1BMPV0kIbLxJf20P0DoYXG9gZtLCr2M8nmzXKiEgSdsvne7SiSCFe0sJLJfd56vk8IXiZ
nvA7RPe28HJbXAd+SRppNJlTc05QD69o4ZVhTn1GGMU1LVyr6UoLrypukYmu0ToLamYpqFT49FdHiGfxGluGfl03dC0MfV9I
/rUM+w1c7+uJFm6wo+BhDIVRH+hEfVB8ZUJglmHYwIgfFAf41CbxSM2seo2g6WN0DrkWxrRikj9xPYxP5Z88J8Z5udyrjDEx
lf/bb8T4rQy5TGpNWnfqVdyoK9JqWBZmmVpkCTfxmwJepz6jXmMeh1ZCc2RRZgo3r8jsVhoeJZaNW6aLg8KqI9LCHTqk5FLk
V2QqK4FPyzg8XVT5hVN3+FPX5FRfd5FqejUsH5NzuFUTKaABCSRX37JpOXB5vm9r4fVaeI/RpukLJgU9Kb1USa1GMBUNv0R8
yl35uH0Ob+g+IpKJS3xm0maD07+Dh7tZVJM0azWCOoOuJ8J7jm92SOONK8U94laVMm7VtAjXW9lccJjt1CUWbwrzZErjPMbp
Odx50W8gmYY+Z/RUkTcArvSqj1mLn3gCfKpOkxr1m8TiyjL23YsjLdyl2ePRVLlkiZc1js7hbk0UGpXSawQMb7aahNmuU1Jn
Ao/ONHxncYbfUFGUzryg7uMtsuAIji3jrQbeFpTkUtqOkPkS5iJtpEwrJHBZWbaRt1umKZoE49GaqssBKsw23mGASOtuw/dR
moOlTeX/Ffayqfyfwh/Ul1N8SusoR1zcKtJNPRW0hYrW4Vblqyp+lWDriaANx8Dx0AdPLO6JcUTAs+XuE4qrGah3ctK/WlSU
m0djjX7XnSHX0ZS6V9HUIuocAUJpe0KdyTZ8oU4WqpOnfd7Awml5sdjCklwNRqo4Idc7lNQ7Oe93GWjJKJjDFfHuObwn6mYU
J7mbNMO90o2eWsZ79ZToIPeFrt7H0DawbC+vwuwO4NQsn5dq47TgtRJOvp/h/QY+EJ/6QWE7JXL1IZ4n7uKBcPoZhrMGHqTh
OglpfbjT74/wCxUfCQl9tI2PGfi4rMMynXcsik905oWXKs5JE1ZQJjgvyH/SwKfCTLClJsWnO9NLFfEeyeRUPCQBJd5s8Bmr
HtSaS0NchR4dqvHac4jnkSXV52ojvEoeDieo0paKR2Tjq4zj0ZXTp/BZA5/TuLBEMg/h89PT03f8hw/5pSsMXyhZ3DBfEF+l
dfFDxQVZJ+F45rE8HusojBd5Bl9cxpcMfHkZjxv4igyhLuSJr67FkpeVxWuSeYEQzNc6XOvl8Cm+rittfMO+YNs2N/1NA986
hW8b+I6s2Da+a4fhHB3FEyKc7xl4kodji0D07foGvY/h+6UV+0JREwkWShHF1LN3sEUfEEIXayhkJ16GPxDOfmjgRww/LnXC
K1HXx1MRQfuUU356Dj/R7GMd8f2UtvGMgZ/Jii45Vfz8/m62npY3PbKAX3BCKZm/p/BL4etXBn4dDM3om/rGFvduf5R3RHHM
rLnj2ans7u54hvg7pUaY2XlxFyZ3xDY+nZER5p/4+x/vE0zFsbb5PcrYRfOdzYxJXKdaFy/HwuTw83tYf+RGBIH8Av4qViy5
LoFtSr5LoLTEaENszgqTN12O39XhOoy5VHBo3/zn3WJR0+tyGFRuiewqDxwsTN54BQQqlUp+ePifecHANIv7hcu+SzA4FGWQ
KUyOXzaD8+cmDgvfK2evXRLdY8MlfB+O+s4WJg9dSfqPKcrJvDgEhzOz6d9fRvzDVxL/qu/jxx95/DLiH/k/iH/0yuIXQ3Dg
oSmH+XGSHw/Lmth55i9nd/EHu9bls0XZ3+XT7TbX/a+EhlXh6XcPVY9eWv97lezFBiRD96nHN5TOCSK2MKZTLkwOvcBMZLK5
8dHc2PBEbiI3wj/ZXCZzMDORnchkcpmx7FhuZGwsMzo2LljuODH4rHhjaJJlQpDt8uzt0Fufwzz+PzSO7m3AOyPIf/Qpa/X0
uJHeJronYmS2X1mnc8ft9DbCbRE7z/bY6TbgOLy3iw1G4HerSqx3xrG9XSiK/UMcm4lje9UTxd61OYbNxrG96o/5jWOHX4Df
gRh2JI7tVVjMbxw7Gsf2amZLBGtfpcQVGQf3lvLe6Br3gJ9fZDN6On39qiRTN3SRA7Hzv5PhebETGceJf0iK3ymqcLexMR1i
BuT8cO5/Ae/qpr4=
"""


class Stream(io.RawIOBase):
    """A file without seek, like a pipe."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)


@dataclasses.dataclass
class Config:
    """A configuration that a program saves beside its weights."""

    lr: float
    start: Any = None


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self.call


class Tied(nn.Module):
    """An embedding whose weight is shared with the output layer."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(3, 2)
        self.head = nn.Linear(2, 3, bias=False)
        self.head.weight = self.wte.weight


def saved(value: Any, **arguments: Any) -> bytes:
    file = io.BytesIO()
    engine.save(value, file, **arguments)
    return file.getvalue()


def again(value: Any, **arguments: Any) -> Any:
    return engine.load(io.BytesIO(saved(value)), **arguments)


def trained() -> tuple[nn.Module, Any, Any]:
    model = nn.Sequential(nn.Linear(2, 1))
    with engine.no_grad():
        model[0].weight.copy_(engine.tensor([[1.0, 2.0]]))
        model[0].bias.fill_(3.0)
    optimizer = engine.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(engine.ones(1, 2)).sum().backward()
    optimizer.step()
    return model, optimizer, engine.optim.lr_scheduler.StepLR(optimizer, 2)


def test_checkpoint_of_pytorch() -> None:
    file = io.BytesIO(zlib.decompress(base64.b64decode(CHECKPOINT)))
    found = engine.load(file)
    model, optimizer, scheduler = trained()
    for name, tensor in model.state_dict().items():
        assert engine.equal(found["model"][name], tensor)
    assert type(found["model"]) is OrderedDict
    assert found["model"]._metadata == {"": {"version": 1}, "0": {"version": 1}}  # type: ignore[attr-defined]
    optimizer.load_state_dict(found["optimizer"])
    assert engine.equal(optimizer.state[model[0].weight]["momentum_buffer"], engine.ones(1, 2))
    scheduler.load_state_dict(found["scheduler"])
    assert found["epoch"] == 3 and found["big"] == -(2**70) and found["raw"] == b"\0\xff"
    assert found["args"] == argparse.Namespace(lr=0.1, layers=[1, 2], out=PurePosixPath("runs/a"))
    assert found["history"] == {"loss": [1.5, 0.5]} and found["history"]["new"] == []
    assert found["seen"] == Counter("aab") and found["last"] == deque([1, 2], maxlen=2)
    assert isinstance(found["parameter"], nn.Parameter) and found["parameter"].tag == "decay"  # type: ignore[attr-defined]
    whole, same, row, transposed = found["tied"]
    assert whole is same and whole.data_ptr() == transposed.data_ptr()
    assert (row.storage_offset(), transposed.stride()) == (3, (1, 3))
    assert type(found["size"]) is engine.Size and found["size"] == (2, 3)
    assert found["device"] == engine.device("cuda:1") and found["dtype"] is engine.bfloat16
    assert type(found["best"]) is np.float64 and found["best"] == 0.75
    assert found["names"].tolist() == ["cat", "horse"] and found["labels"] == {"a", "b"}


def test_a_training_resumes(tmp_path: Path) -> None:
    model, optimizer, scheduler = trained()
    optimizer.step()
    scheduler.step()
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 3,
        "rng": engine.tensor([1, 2, 255], dtype=engine.uint8),
        "args": {"lr": 0.1, "betas": (0.9, 0.999), "sizes": [1, [2, None]], "names": {"b", "a"}},
    }
    for name in ("a.pt", "best.pth.tar", "epoch=3-step=12.ckpt", "weights.bin", "latest"):
        engine.save(state, tmp_path / name)
        found = engine.load(tmp_path / name, map_location="cpu")
        other, other_optimizer, other_scheduler = trained()
        other.load_state_dict(found["model"])
        other_optimizer.load_state_dict(found["optimizer"])
        other_scheduler.load_state_dict(found["scheduler"])
        assert found["model"]._metadata == model.state_dict()._metadata  # type: ignore[attr-defined]
        assert other_scheduler.state_dict() == scheduler.state_dict()
        assert found["args"] == state["args"] and found["rng"].tolist() == [1, 2, 255]
    assert len({(tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}) == 1


def test_round_trip_of_tensors() -> None:
    kinds = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"]
    kinds += ["uint8", "bool", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"]
    parameter, shared = nn.Parameter(engine.ones(2), requires_grad=False), [1]
    leaf = engine.ones(2, requires_grad=True)
    value = {
        "kinds": {name: engine.ones(2).to(getattr(engine, name)) for name in kinds},
        "views": [W, W.t(), W[1], W[:, ::2], engine.ones(1).expand(4), engine.tensor(5)],
        "empty": [engine.zeros(0, 3), engine.zeros(0, dtype=engine.int64)],
        "tied": [parameter, parameter],
        "gradients": [leaf, leaf * 2, W],
        "shared": (shared, shared),
        "facts": [engine.Size([2, 3]), engine.float16, engine.device("cpu")],
    }
    found = again(value)
    for name in kinds:
        assert found["kinds"][name].dtype is getattr(engine, name)
        assert found["kinds"][name].float().tolist() == [1.0, 1.0]
    for before, after in zip(value["views"], found["views"], strict=True):
        assert engine.equal(before, after)
        assert before.stride() == after.stride()
        assert before.storage_offset() == after.storage_offset()
    assert len({tensor.data_ptr() for tensor in found["views"][:2]}) == 1
    found["views"][0][1, 2] = 9.0
    assert found["views"][2].tolist() == [3.0, 4.0, 9.0], "views of one memory stay that"
    assert [(t.shape, t.dtype) for t in found["empty"]] == [
        ((0, 3), engine.float32),
        ((0,), engine.int64),
    ]
    assert found["tied"][0] is found["tied"][1] and not found["tied"][0].requires_grad
    assert [t.requires_grad for t in found["gradients"]] == [True, True, False]
    assert found["shared"][0] is found["shared"][1]
    assert found["facts"] == value["facts"] and type(found["facts"][0]) is engine.Size


def test_arrays_that_begin_at_one_address() -> None:
    array = np.arange(4.0)
    found = again([engine.from_numpy(array[:2]), engine.from_numpy(array)])
    assert [tensor.tolist() for tensor in found] == [[0.0, 1.0], [0.0, 1.0, 2.0, 3.0]]


def test_integers_that_are_to_require_gradients_are_refused() -> None:
    content = saved(nn.Parameter(engine.ones(2)))
    # NONE and POP pad for the shorter name.
    changed = content.replace(b"ctorch\nFloatStorage\n", b"ctorch\nIntStorage\nN0")
    with pytest.raises(FormatError, match="a tensor of int32 is to require a gradient"):
        engine.load(io.BytesIO(changed))


def test_equal_values_make_equal_files() -> None:
    def value(order: list[int]) -> Any:
        weight = engine.ones(2)
        return {"set": set(order), "t": [weight, weight[1:]], "d": defaultdict(list, {"a": [1]})}

    first, second = [0, 8, 16], [16, 8, 0]
    assert list(set(first)) != list(set(second))
    for legacy in (False, True):
        files = [
            saved(value(order), _use_new_zipfile_serialization=not legacy)
            for order in (first, second)
        ]
        assert files[0] == files[1]
        found = engine.load(io.BytesIO(files[0]))
        assert found["set"] == {0, 8, 16} and found["d"] == {"a": [1]}
        found["t"][0][1] = 5.0
        assert found["t"][1].tolist() == [5.0]


def test_whole_modules_and_code_are_refused_by_their_path(tmp_path: Path) -> None:
    model, optimizer, _ = trained()
    engine.save({"epoch": 1}, tmp_path / "a.pt")
    before = (tmp_path / "a.pt").read_bytes()
    cases = [
        (model, r"save: obj: Sequential is a whole module.*save its state_dict\(\)"),
        ({"nets": [model]}, r"obj\['nets'\]\[0\]: Sequential is a whole module"),
        ({"o": optimizer}, r"obj\['o'\]: SGD is an object with a state.*state_dict\(\)"),
        ({"f": print}, r"obj\['f'\]: a builtin_function_or_method cannot be written"),
        ({"g": engine.Generator()}, r"obj\['g'\]: a Generator cannot be written"),
    ]
    for value, match in cases:
        with pytest.raises(TypeError, match=match):
            engine.save(value, tmp_path / "a.pt")
    with pytest.raises(TypeError, match="obj: Sequential is a whole module"):
        engine.save(model, tmp_path / "a.safetensors")
    assert os.listdir(tmp_path) == ["a.pt"] and (tmp_path / "a.pt").read_bytes() == before


def test_classes_that_hold_data() -> None:
    content = saved({"config": Config(0.1, W), "args": argparse.Namespace(w=W)})
    names = serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(content))
    assert names == [f"{__name__}.Config"]
    with pytest.raises(FormatError, match=r"Config' is not allowed.*add_safe_globals"):
        engine.load(io.BytesIO(content))
    with serialization.safe_globals([Config]):
        assert serialization.get_safe_globals() == [Config]
        listed = engine.load(io.BytesIO(content))
    assert serialization.get_safe_globals() == []
    for found in (listed, engine.load(io.BytesIO(content), weights_only=False)):
        assert type(found["config"]) is Config and found["config"].lr == 0.1
        assert found["args"].w is found["config"].start and engine.equal(found["args"].w, W)
    pickled = b"\x80\2cold\nSettings\n)\x81}X\2\0\0\0lrK\1sb."
    with pytest.raises(FormatError, match=r"old\.Settings.*no imported module has it"):
        engine.load(io.BytesIO(pickled), weights_only=False)
    serialization.add_safe_globals([(Config, "old.Settings"), np.ndarray, np.dtype, np.float64])
    assert engine.load(io.BytesIO(pickled)) == Config(1)
    serialization.clear_safe_globals()
    with pytest.raises(FormatError, match=r"old\.Settings"):
        engine.load(io.BytesIO(pickled))


@pytest.mark.parametrize(
    ("item", "match"),
    [
        (print, "print cannot be allowed: it is not a class, and nothing that a file names is"),
        (nn.Linear, r"Linear cannot be allowed.*state_dict\(\)"),
        (pickle.Unpickler, "Unpickler cannot be allowed"),
        ((Config,), "expected a pair of a class and its name"),
        ("train.Config", "not a class"),
    ],
)
def test_code_cannot_be_allowed(item: Any, match: str) -> None:
    with pytest.raises(TypeError, match=match):
        serialization.add_safe_globals([Config, item])
    assert serialization.get_safe_globals() == []


def test_weights_only_false_runs_nothing_either(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    evil = pickle.dumps(Call(os.mkdir, str(target)), 2)
    for content in (evil, b"\x80\2cos\nmkdir\n.", b"\x80\2cio\nopen\n."):
        for weights_only in (True, False, None):
            with pytest.raises(pickle.UnpicklingError, match="is not allowed") as caught:
                engine.load(io.BytesIO(content), weights_only=weights_only)
            assert isinstance(caught.value, FormatError)
    assert not target.exists()
    assert engine.load(io.BytesIO(saved({"w": W})), weights_only=False)["w"].shape == (2, 3)


def test_map_location() -> None:
    content = saved([W, W[1]])
    seen: list[tuple[Any, str]] = []

    def ask(storage: Any, location: str) -> Any:
        seen.append((storage.nbytes, location))
        return storage

    places: list[Any] = [None, "cpu", engine.device("cpu"), {"cuda:0": "cpu"}, {"cuda:0": "cuda:1"}]
    for place in [*places, ask, lambda storage, location: None]:
        assert engine.equal(engine.load(io.BytesIO(content), place)[0], W)
    assert seen == [(24, "cpu")]
    moved = io.BytesIO(content.replace(b"X\3\0\0\0cpu", b"X\3\0\0\0xla"))
    assert engine.equal(engine.load(moved, {"xla": "cpu"})[0], W)
    for bad in ("cuda", engine.device("cuda:0"), {"cpu": "cuda:0"}, {"cpu": "cuda"}):
        with pytest.raises(RuntimeError, match=r"load: map_location cuda.*can put tensors on cpu"):
            engine.load(io.BytesIO(content), bad)
    with pytest.raises(TypeError, match="map_location should return a storage or None, got str"):
        engine.load(io.BytesIO(content), lambda storage, location: "cpu")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="argument 'map_location': expected str"):
        engine.load(io.BytesIO(content), 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_mapped_and_read_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    engine.save({"w": W}, path)
    before = path.read_bytes()
    read, mapped = engine.load(path)["w"], engine.load(path, mmap=True)["w"]
    mapped[0, 0] = 7.0
    assert mapped[0, 0].item() == 7.0 and path.read_bytes() == before
    with open(path, "r+b") as file:
        file.truncate(1)  # PyTorch truncates a file before it writes
    assert engine.equal(read, W)


def test_arguments_that_calls_carry() -> None:
    content = saved(W, pickle_module=pickle, pickle_protocol=4, _disable_byteorder_record=True)
    assert content == saved(W)
    arguments: list[dict[str, Any]] = [{"pickle_module": pickle}, {"encoding": "latin1"}]
    for given in arguments:
        assert engine.equal(engine.load(io.BytesIO(content), **given), W)
    for call, match in (
        (lambda: saved(W, pickle_module=json), "save: pickle_module can be pickle, got json"),
        (lambda: saved(W, pickle_protocol=9), "save: pickle_protocol is 0 to 5, got 9"),
        (lambda: saved(W, metadata={"a": "b"}), "metadata: only .safetensors files"),
        (
            lambda: engine.load(io.BytesIO(content), mmap=True),
            "mmap=True needs a path, got BytesIO",
        ),
    ):
        with pytest.raises(ValueError, match=match):
            call()
    with pytest.raises(TypeError, match="load: unexpected argument 'strict'"):
        engine.load(io.BytesIO(content), strict=True)


def test_tied_weights_keep_their_names(tmp_path: Path) -> None:
    path, model, other = tmp_path / "tied.safetensors", Tied(), Tied()
    engine.save(model.state_dict(), path, metadata={"by": "hand"})
    assert read_metadata(path) == {"format": "pt", "by": "hand", "wte.weight": "head.weight"}
    assert path.stat().st_size < 2 * 24 + 200
    found = engine.load(path)
    assert found.keys() == {"wte.weight", "head.weight"}
    assert found["wte.weight"].data_ptr() == found["head.weight"].data_ptr()
    other.load_state_dict(found)
    assert engine.equal(other.wte.weight, model.wte.weight)
    other.load_state_dict(found, assign=True)
    assert other.head.weight is other.wte.weight
    with pytest.raises(ValueError, match="'a' and 'b' overlap in memory"):
        engine.save({"a": W, "b": W[1]}, path)
    with pytest.raises(
        TypeError, match="save: obj: safetensors files map names to tensors, got 'epoch'"
    ):
        engine.save({"w": W, "epoch": 3}, path)
    assert engine.load(path).keys() == found.keys()


def test_tensors_without_data(tmp_path: Path) -> None:
    model, path = Tied(), tmp_path / "a.pt"
    engine.save({"model": model.state_dict(), "w": nn.Parameter(W.t())}, path)
    found = engine.load(path, map_location="meta")
    assert found["w"].device.type == "meta" and isinstance(found["w"], nn.Parameter)
    assert (found["w"].shape, found["w"].stride()) == ((3, 2), (1, 3))
    with pytest.raises(
        TypeError, match=r"obj\['model'\]\['wte.weight'\]: a tensor of the device meta has no data"
    ):
        engine.save(found, path)
    with pytest.raises(RuntimeError, match="map_location meta: this build can put tensors on cpu"):
        engine.load(path, map_location={"cpu": "meta"})
    layer, state = nn.Linear(2, 3, device="meta"), nn.Linear(2, 3).state_dict()
    with pytest.warns(UserWarning, match="of the module is of the device meta"):
        layer.load_state_dict(state)
    layer.load_state_dict(state, assign=True)
    assert engine.equal(layer.weight, state["weight"])


def test_dtypes_that_the_engine_lacks_are_named(tmp_path: Path) -> None:
    header = b'{"freqs":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}'
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(FormatError, match=r"a\.safetensors: it holds complex64, a dtype that the"):
        engine.load(path)


def test_there_and_back() -> None:
    file = io.BytesIO()
    engine.save({"w": W, "row": W[1], "step": 3}, file)
    file.seek(0)
    found = engine.load(file)
    assert engine.equal(found["w"], W) and found["step"] == 3
    found["w"][1, 0] = 9.0
    assert found["row"][0].item() == 9.0, "tensors that share memory go on doing so"
    assert engine.load(io.BytesIO(file.getvalue()))["w"][1, 0].item() == 3.0


def test_files_that_are_open(tmp_path: Path) -> None:
    with open(tmp_path / "w.bin", "w+b") as file:
        engine.save([W], file)
        file.seek(0)
        assert engine.equal(engine.load(file)[0], W)
    assert engine.equal(engine.load(tmp_path / "w.bin")[0], W), "it is what save(path) writes"
    with tempfile.TemporaryFile() as file:
        engine.save([W], file)
        file.seek(0)
        assert engine.equal(engine.load(file)[0], W)


def test_files_that_begin_with_something_else() -> None:
    file = io.BytesIO(b"header")
    file.seek(6)
    engine.save([W], file)
    file.seek(6)
    assert engine.equal(engine.load(file)[0], W)
    stream = Stream()
    engine.save([W], stream)
    assert engine.equal(engine.load(io.BytesIO(bytes(stream.content)))[0], W)


def test_safetensors_and_pickles_in_file_objects(tmp_path: Path) -> None:
    engine.save({"w": W}, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    assert engine.equal(engine.load(io.BytesIO(content))["w"], W)
    with pytest.raises(FormatError, match=r"<BytesIO>.*os.system"):
        engine.load(io.BytesIO(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."))
    with pytest.raises(FormatError, match="<BytesIO>"):
        engine.load(io.BytesIO(content[:-1]))
    with pytest.raises(FormatError, match="nothing to read"):
        engine.load(io.BytesIO())


def test_missing_and_invalid_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.pt: no such file"):
        engine.load(tmp_path / "missing.pt")
    with pytest.raises(FileNotFoundError) as caught:
        engine.save(W, tmp_path / "missing" / "a.pt")
    assert caught.value.filename == str(tmp_path / "missing" / "a.pt")
    for call in (lambda: engine.load(3), lambda: engine.save([W], 3)):
        with pytest.raises(TypeError, match="argument 'f': expected str, PathLike or a binary"):
            call()
    with open(tmp_path / "text", "w") as file, pytest.raises(TypeError, match="binary mode"):
        engine.save([W], file)
    with pytest.raises(TypeError, match="expected a file opened in binary mode"):
        engine.load(io.StringIO("x"))

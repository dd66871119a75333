"""Weights and repositories read by PyTorch, safetensors and transformers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.convert import convert
from hub.formats import Buffer, cast, read
from hub.formats.casting import FLOATS
from hub.server import Server

torch = pytest.importorskip("torch", reason="PyTorch is here in `make parity` only")
safetensors_torch = pytest.importorskip("safetensors.torch")

LOAD = """
import json, sys, transformers
config = transformers.AutoConfig.from_pretrained("org/tiny")
tokens = transformers.AutoTokenizer.from_pretrained("org/tiny")("a cat sat")["input_ids"]
model, seen = transformers.AutoModel.from_pretrained("org/tiny", output_loading_info=True)
print(json.dumps([config.model_type, tokens, model.num_parameters(), len(seen["missing_keys"])]))
"""


class Tied(torch.nn.Module):  # type: ignore[name-defined,misc]
    """Two layers of one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.Linear(6, 6)
        self.decoder = torch.nn.Linear(6, 6)
        self.decoder.weight = self.encoder.weight


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A small BERT with a tokenizer, saved by transformers as ORG/NAME in a folder."""
    transformers = pytest.importorskip("transformers", reason="is here in `make parity` only")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=32,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
    )
    model = transformers.BertModel(config)
    folder = tmp_path_factory.mktemp("models") / "org" / "tiny"
    model.save_pretrained(folder)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "sat"]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return model, folder


def equal(ours: Any, theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name].numpy(), tensor.numpy(), err_msg=name)


def test_transformers_loads_from_a_served_folder(bert: tuple[Any, Path], tmp_path: Path) -> None:
    model, folder = bert
    with Server(folder.parent.parent, tokens=["a-good-token"]) as server:
        environment = {
            **os.environ,
            "HF_ENDPOINT": server.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_TOKEN": "a-good-token",
            "NO_PROXY": "*",
        }
        command = [sys.executable, "-c", LOAD]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    kind, tokens, parameters, missing = json.loads(done.stdout.splitlines()[-1])
    assert (kind, parameters, missing) == ("bert", model.num_parameters(), 0)
    assert tokens == [2, 5, 6, 7, 3]


def test_shards_of_transformers(bert: tuple[Any, Path], tmp_path: Path) -> None:
    model, _ = bert
    model.save_pretrained(tmp_path, max_shard_size="8KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    equal(read(tmp_path), model.state_dict())


def test_transformers_reads_our_shards(bert: tuple[Any, Path], tmp_path: Path) -> None:
    import transformers

    model, folder = bert
    done = convert(folder, tmp_path / "model.safetensors", shard_size=8000)
    assert len(done.files) > 2
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    again = transformers.BertModel.from_pretrained(tmp_path)
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_shared_tensors_as_safetensors_writes_them(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Tied()
    torch.save(model.state_dict(), tmp_path / "w.pth")
    done = convert(tmp_path / "w.pth", tmp_path / "ours.safetensors")
    safetensors_torch.save_model(model, tmp_path / "theirs.safetensors", {"format": "pt"})
    found = []
    for name in ("ours", "theirs"):
        with safetensors_torch.safe_open(tmp_path / f"{name}.safetensors", "pt") as file:
            found.append((sorted(file.keys()), file.metadata()))
    assert found[0] == found[1]
    assert done.aliases == {"encoder.weight": "decoder.weight"}
    other = Tied()
    safetensors_torch.load_model(other, tmp_path / "ours.safetensors")
    assert torch.equal(other.encoder.weight, model.encoder.weight)
    convert(tmp_path / "ours.safetensors", tmp_path / "back.pth")
    back = torch.load(tmp_path / "back.pth", weights_only=True)
    assert back["encoder.weight"].data_ptr() == back["decoder.weight"].data_ptr()
    equal(read(tmp_path / "back.pth"), {name: t.detach() for name, t in model.state_dict().items()})


@pytest.mark.parametrize("source", ["float64", "float32", "float16"])
@pytest.mark.parametrize("target", FLOATS)
def test_casts_round_as_pytorch_does(source: str, target: str) -> None:
    bits = np.random.default_rng(0).integers(0, 256, 400_000, np.uint8)
    values = bits.view(source)
    limit = float(torch.finfo(getattr(torch, target)).max) * 0.99
    values = values[np.isfinite(values)]
    values = values[np.abs(values.astype(np.float64)) <= limit]
    ours = cast(Buffer.from_numpy(values), target).numpy()
    theirs = torch.from_numpy(values).to(getattr(torch, target))
    expected = theirs.view(torch.int16) if target == "bfloat16" else theirs
    np.testing.assert_array_equal(ours.view(expected.numpy().dtype), expected.numpy())

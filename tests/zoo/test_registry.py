"""The registry: recomputed figures of its entries, names, invalid weights."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
import hub
import zoo
from zoo import Weights, WeightsError, registry
from zoo.vision import digits

ENTRIES = {
    f"{model}.{tag}": entry
    for model in zoo.list()
    for tag, entry in zoo.info(model).weights.items()
}
BUILTIN = {name: entry for name, entry in ENTRIES.items() if entry.ref.startswith("builtin:")}


def parameters(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", ENTRIES)
def test_number_of_parameters(name: str) -> None:
    assert parameters(zoo.load(name, pretrained=False)) == ENTRIES[name].num_params


@pytest.mark.parametrize("name", ["efficientnet_lite3", "efficientnet_lite4"])
def test_definitions_without_weights(name: str) -> None:
    """The published sizes, in millions."""
    published = {"efficientnet_lite3": 8.2, "efficientnet_lite4": 13.0}
    assert round(parameters(zoo.load(name, pretrained=False)) / 1e6, 1) == published[name]


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_are_complete(name: str) -> None:
    entry = ENTRIES[name]
    assert len(bytes.fromhex(entry.sha256)) == 32
    assert entry.size > 4 * entry.num_params
    assert entry.license and entry.origin and entry.metrics
    assert all(0 < metric.value <= 1 and metric.data and metric.source for metric in entry.metrics)


@pytest.mark.parametrize("name", BUILTIN)
def test_shipped_files(name: str) -> None:
    content = hub.download(BUILTIN[name].ref).read_bytes()
    assert len(content) == BUILTIN[name].size <= 400_000
    assert hashlib.sha256(content).hexdigest() == BUILTIN[name].sha256


def test_fetched_files(pretrained: Any) -> None:
    pretrained("efficientnet_lite0")
    entry = ENTRIES["efficientnet_lite0.in1k"]
    assert hub.path(entry.ref).stat().st_size == entry.size


@pytest.mark.parametrize("name", zoo.list())
def test_labels_are_the_outputs(name: str) -> None:
    model = zoo.load(name, pretrained=False)
    assert len(set(model.labels)) == len(model.labels) == model.num_classes
    assert not model.training


def test_list() -> None:
    assert zoo.list("digits_*") == ["digits_cnn", "digits_mlp"]
    assert zoo.list("*lite0*", pretrained=True) == ["efficientnet_lite0.in1k"]
    assert zoo.list(task="image-classification") == zoo.list()
    assert zoo.list(task="juggling") == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("efficientnet_lit0", "did you mean efficientnet_lite0"),
        ("digits_cmn.uci", "did you mean digits_cnn"),
        ("zzz", r"zoo\.list\(\) names them all"),
        ("digits_cnn.nope", "has no weights 'nope'; it has: uci"),
        ("efficientnet_lite4.in1k", "it has: none"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    for call in (zoo.info, zoo.load):
        with pytest.raises(zoo.UnknownModelError, match=message):
            call(name)


def test_a_model_without_weights_says_so() -> None:
    with pytest.raises(zoo.WeightsError, match=r"efficientnet_lite4.*pretrained=False"):
        zoo.load("efficientnet_lite4")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="'digits_cnn' is there already"):
        registry.register(
            task="", summary="", paper="", label_set="digits", head="", preprocess=digits.PREPROCESS
        )(digits.digits_cnn)


def replace_weights(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Weights:
    """Replace the entry of digits_mlp during a test."""
    found = zoo.info("digits_mlp")
    entry = dataclasses.replace(found.weights["uci"], **changes)
    changed = dataclasses.replace(found, weights={"uci": entry})
    monkeypatch.setitem(registry._models, "digits_mlp", changed)
    return entry


def replace_file(monkeypatch: pytest.MonkeyPatch, path: Path, state: dict[str, Any]) -> None:
    engine.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    replace_weights(monkeypatch, ref=f"file:{path}", sha256=digest)


def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace_weights(monkeypatch, sha256="0" * 64)
    with pytest.raises(hub.IntegrityError, match=f"{entry.ref}.*expected 0000"):
        zoo.load("digits_mlp")


def test_loading_is_strict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    state = dict(zoo.load("digits_mlp").state_dict())
    state["surplus"] = state.pop("classifier.bias")
    replace_file(monkeypatch, tmp_path / "renamed.safetensors", state)
    with pytest.raises(zoo.WeightsError) as caught:
        zoo.load("digits_mlp")
    assert all(
        word in str(caught.value) for word in ("digits_mlp.uci", "surplus", "classifier.bias")
    )


def test_shapes_are_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    replace_file(monkeypatch, tmp_path / "small.safetensors", digits.DigitsMLP(16).state_dict())
    with pytest.raises(zoo.WeightsError, match=r"features\.1\.weight"):
        zoo.load("digits_mlp")


def test_a_fresh_head_on_pretrained_features() -> None:
    whole, headless = zoo.load("digits_cnn"), zoo.load("digits_cnn", num_classes=3)
    assert headless.labels == ("0", "1", "2")
    assert headless.classifier.weight.shape[0] == 3
    for name, value in headless.state_dict().items():
        if not name.startswith("classifier."):
            np.testing.assert_array_equal(value.numpy(), whole.state_dict()[name].numpy())


def test_weights_of_a_file(tmp_path: Path) -> None:
    trained = zoo.load("digits_mlp", pretrained=False, num_classes=3)
    for number, path in enumerate((tmp_path / "my.pt", tmp_path / "my.safetensors")):
        engine.nn.init.constant_(next(trained.parameters()), number)
        engine.save(trained.state_dict(), path)
        for source in (path, str(path), f"file:{path}"):
            loaded = zoo.load("digits_mlp", pretrained=source, num_classes=3)
            for name, tensor in loaded.state_dict().items():
                np.testing.assert_array_equal(tensor.numpy(), trained.state_dict()[name].numpy())
            assert loaded.weights is None and not loaded.training


def test_files_that_are_no_weights_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "my.pt"
    for kind in (WeightsError, FileNotFoundError):
        with pytest.raises(kind, match=r"my\.pt: there is no such file"):
            zoo.load("digits_mlp", pretrained=str(path))
    engine.save(zoo.load("digits_mlp", pretrained=False, num_classes=3).state_dict(), path)
    with pytest.raises(WeightsError, match=rf"digits_mlp: {re.escape(str(path))}: "):
        zoo.load("digits_mlp", pretrained=path)
    engine.save([engine.zeros(2)], path)
    with pytest.raises(WeightsError, match="expected names and tensors, got list"):
        zoo.load("digits_mlp", pretrained=path)
    with pytest.raises(TypeError, match="pretrained: expected True, False, a path or a reference"):
        zoo.load("digits_mlp", pretrained=1)  # type: ignore[arg-type]


def test_weights_replace_initialisation(tmp_path: Path) -> None:
    model = zoo.load("digits_mlp", pretrained=False)
    path = tmp_path / "own.safetensors"
    engine.save(model.state_dict(), path)
    before = engine.get_rng_state()
    loaded = zoo.load("digits_mlp", pretrained=str(path))
    assert engine.equal(engine.get_rng_state(), before)  # no random numbers were drawn
    for name, tensor in loaded.state_dict().items():
        assert tensor.device.type == "cpu" and engine.equal(tensor, model.state_dict()[name])
    assert all(p.requires_grad for p in loaded.parameters())

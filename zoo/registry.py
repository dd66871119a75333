"""The registry of models and weights, and their loading.

A family is one file; its entry points are decorated with `register` and have the names of their
models. Families are imported when a model is requested.
"""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from zoo import labels
from zoo.errors import MissingWeightsError, UnknownModelError, WeightsError

if TYPE_CHECKING:
    from engine import Tensor
    from zoo.classifier import ImageClassifier
    from zoo.preprocessing import Preprocess

    State = dict[str, Tensor]

Builder = TypeVar("Builder", bound="Callable[..., ImageClassifier]")

# Packages that register the families when imported.
_FAMILIES = ("zoo.vision",)
_models: dict[str, ModelInfo] = {}


@dataclass(frozen=True)
class Metric:
    """A measured figure: name, value, data set and source."""

    name: str
    value: float
    data: str
    source: str


@dataclass(frozen=True)
class Weights:
    """A file of weights and its facts.

    `ref` is the hub's reference, `size` the file's in bytes, `rename` a table of regular
    expressions and replacements, applied in order, that maps the file's names to the model's.
    """

    tag: str
    ref: str
    sha256: str
    size: int
    license: str
    origin: str
    num_params: int
    preprocess: Preprocess
    metrics: tuple[Metric, ...]
    rename: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ModelInfo:
    """A model: its builder, its publication, and its weights by tag.

    `head` is the prefix of the parameters that depend on the number of classes, `preprocess` the
    preprocessing of a model without pretrained weights.
    """

    name: str
    build: Callable[..., ImageClassifier]
    task: str
    summary: str
    paper: str
    label_set: str
    head: str
    preprocess: Preprocess
    weights: Mapping[str, Weights]

    @property
    def default_tag(self) -> str | None:
        """The first tag, or None if the model has no weights."""
        return next(iter(self.weights), None)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the outputs."""
        return labels.read(self.label_set)


def register(
    *,
    task: str,
    summary: str,
    paper: str,
    label_set: str,
    head: str,
    preprocess: Preprocess,
    weights: tuple[Weights, ...] = (),
) -> Callable[[Builder], Builder]:
    """Enter a model under its builder's name; the first of `weights` is the default.

    Raises ValueError if the name is taken.
    """

    def enter(build: Builder) -> Builder:
        name = build.__name__
        if name in _models:
            raise ValueError(f"register: a model named {name!r} is there already")
        _models[name] = ModelInfo(
            name=name,
            build=build,
            task=task,
            summary=summary,
            paper=paper,
            label_set=label_set,
            head=head,
            preprocess=preprocess,
            weights={entry.tag: entry for entry in weights},
        )
        return build

    return enter


def list_models(
    pattern: str = "*", *, task: str | None = None, pretrained: bool = False
) -> list[str]:
    """Names that match a shell pattern, sorted; with `pretrained`, `arch.tag` of all weights.

    >>> list_models("digits*")
    ['digits_cnn', 'digits_mlp']
    >>> list_models("digits*", pretrained=True)
    ['digits_cnn.uci', 'digits_mlp.uci']
    """
    found = [model for model in _all_models().values() if task in (None, model.task)]
    names = (
        [f"{model.name}.{tag}" for model in found for tag in model.weights]
        if pretrained
        else [model.name for model in found]
    )
    return sorted(fnmatch.filter(names, pattern))


def info(name: str) -> ModelInfo:
    """The facts of a model, given as `arch` or `arch.tag`.

    Raises `UnknownModelError`, which lists the closest names.

    >>> info("efficientnet_lite0.in1k").weights["in1k"].num_params
    4652008
    """
    return _resolve(name)[0]


def load(
    name: str, pretrained: bool | str | os.PathLike[str] = True, **kwargs: Any
) -> ImageClassifier:
    """Build a model, in evaluation mode, with the weights of the tag in `arch.tag`.

    `pretrained` may also be a file of weights, as written by `engine.save(model.state_dict(),
    path)`: a path, or a reference of the hub such as "hf:org/name/model.safetensors". Its names and
    shapes must be the model's. Further arguments are passed to the model's builder. With a
    `num_classes` other than that of the weights, the classifier is randomly initialised and
    everything before it pretrained.

    Raises `UnknownModelError` for an unknown name, `WeightsError` if there are no weights or they
    do not match, FileNotFoundError for a path without a file, TypeError for another type of
    `pretrained`, and the hub's errors if weights cannot be fetched or fail verification.

    >>> load("digits_mlp", pretrained=False, num_classes=2).num_classes
    2
    """
    found, weights = _resolve(name)
    file = None if isinstance(pretrained, bool) else _weights_file(pretrained)
    if pretrained is True and weights is None:
        raise WeightsError(
            f"{name}: there are no pretrained weights; "
            f"zoo.load({name!r}, pretrained=False) builds it with random ones"
        )
    chosen = weights if pretrained is True else None
    model = found.build(**kwargs) if file is None and chosen is None else _skeleton(found, kwargs)
    if file is not None:
        _load_file(model, found, file)
    elif chosen is not None:
        _load_weights(model, found, chosen)
    model.describe(found, chosen)
    return model.eval()


def _all_models() -> dict[str, ModelInfo]:
    for package in _FAMILIES:
        importlib.import_module(package)
    return _models


def _resolve(name: str) -> tuple[ModelInfo, Weights | None]:
    """The model and the weights of `arch.tag`, the default ones of `arch`."""
    models = _all_models()
    arch, _, tag = name.partition(".")
    found = models.get(arch)
    if found is None:
        close = difflib.get_close_matches(arch, models, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "zoo.list() names them all"
        raise UnknownModelError(f"{name}: no such model; {hint}")
    if tag and tag not in found.weights:
        tags = ", ".join(found.weights) or "none"
        raise UnknownModelError(f"{name}: {arch} has no weights {tag!r}; it has: {tags}")
    wanted = tag or found.default_tag
    return found, None if wanted is None else found.weights[wanted]


def _skeleton(found: ModelInfo, kwargs: dict[str, Any]) -> ImageClassifier:
    """The model on the meta device, as its weights need no random initialisation."""
    import engine

    with engine.device("meta"):
        return found.build(**kwargs)


def _fresh_head(model: ImageClassifier, found: ModelInfo) -> State:
    """The randomly initialised parameters of the model's classifier."""
    head: Any = model.get_submodule(found.head.removesuffix("."))
    head.to_empty(device="cpu")
    head.reset_parameters()
    return {k: v for k, v in model.state_dict().items() if k.startswith(found.head)}


def _load_weights(model: ImageClassifier, found: ModelInfo, weights: Weights) -> None:
    state = _fetch_state(weights)
    if model.num_classes != len(found.labels):
        state = {k: v for k, v in state.items() if not k.startswith(found.head)}
        state |= _fresh_head(model, found)
    try:
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise WeightsError(f"{found.name}.{weights.tag}: {weights.ref}: {error}") from error


def _weights_file(source: str | os.PathLike[str]) -> Path:
    """The file of a path or a reference, fetched if needed."""
    import hub

    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "load: pretrained: expected True, False, a path or a reference, "
            f"got {type(source).__name__}"
        )
    text = os.fspath(source)
    if isinstance(source, str) and ":" in text and not os.path.exists(text):
        return hub.download(text)
    if not os.path.isfile(text):
        raise MissingWeightsError(f"{text}: there is no such file of weights")
    return Path(text)


def _load_file(model: ImageClassifier, found: ModelInfo, file: Path) -> None:
    try:
        model.load_state_dict(_read_state(file, str(file)), strict=True, assign=True)
    except RuntimeError as error:
        raise WeightsError(f"{found.name}: {file}: {error}") from error


def _fetch_state(weights: Weights) -> State:
    """The state of named weights, fetched and verified, under the model's names."""
    import hub

    path = hub.download(weights.ref, sha256=weights.sha256)
    state = _read_state(path, weights.ref)
    return {_rename(name, weights.rename): tensor for name, tensor in state.items()}


def _read_state(path: Path, source: str) -> State:
    import engine

    state = engine.load(path, mmap=True)
    if not isinstance(state, dict):
        raise WeightsError(f"{source}: expected names and tensors, got {type(state).__name__}")
    return state


def _rename(name: str, table: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in table:
        name = re.sub(pattern, replacement, name)
    return name

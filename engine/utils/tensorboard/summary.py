"""Values for TensorBoard, encoded as its `Summary` messages (tensorboard/compat/proto)."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping, Sequence
from typing import Any

from engine._C import Tensor
from engine._lazy import numpy as np
from engine.utils.tensorboard.protobuf import (
    float32,
    float64,
    integer,
    message,
    packed_float64,
)

_DT_FLOAT, _DT_DOUBLE, _DT_STRING = 1, 2, 7
_SCALAR_CLASS = 1
_STATUS_SUCCESS = 1
_HPARAM_TYPES = {"string": 1, "bool": 2, "float64": 3}


def as_array(function: str, name: str, value: Any) -> Any:
    """A NumPy array of a tensor, number or array-like."""
    if isinstance(value, Tensor):
        tensor = value.detach()
        return (tensor if tensor.dtype.itemsize != 2 else tensor.float()).numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{function}: {name} must be numbers, got {value!r}")
    return array


def as_number(function: str, name: str, value: Any) -> float:
    """The value of a tensor or array of one element."""
    array = as_array(function, name, value)
    if array.size != 1:
        raise ValueError(f"{function}: {name} must be one number, got shape {array.shape}")
    return float(array.reshape(-1)[0])


def _value(tag: str, content: bytes, plugin: bytes = b"") -> bytes:
    """A summary of one value; `plugin` is its metadata."""
    metadata = message(9, plugin) if plugin else b""
    return message(1, message(1, tag) + content + metadata)


def _plugin(name: str, content: bytes = b"") -> bytes:
    return message(1, message(1, name) + (message(2, content) if content else b""))


def scalar(
    tag: str, value: float, new_style: bool = False, double_precision: bool = False
) -> bytes:
    """One number; with new_style as a tensor of the scalars plugin."""
    if not new_style:
        return _value(tag, float32(2, value))
    if double_precision:
        tensor = integer(1, _DT_DOUBLE) + message(2, b"") + float64(6, value)
    else:
        tensor = integer(1, _DT_FLOAT) + message(2, b"") + float32(5, value)
    return _value(tag, message(8, tensor), _plugin("scalars") + integer(4, _SCALAR_CLASS))


def text(tag: str, value: str) -> bytes:
    """A text in Markdown."""
    shape = message(2, message(2, integer(1, 1)))
    tensor = integer(1, _DT_STRING) + shape + message(8, value)
    return _value(f"{tag}/text_summary", message(8, tensor), _plugin("text"))


def histogram(
    tag: str,
    smallest: float,
    largest: float,
    count: float,
    total: float,
    squares: float,
    limits: Sequence[float],
    counts: Sequence[float],
) -> bytes:
    """Counts in buckets with the upper ends `limits`."""
    head = [smallest, largest, count, total, squares]
    content = b"".join(float64(i, value) for i, value in enumerate(head, start=1))
    content += packed_float64(6, limits) + packed_float64(7, counts)
    return _value(tag, message(5, content))


def histogram_of(tag: str, values: Any, bins: Any, max_bins: int | None) -> bytes:
    """The histogram of an array, with the bins of np.histogram or those of "tensorflow"."""
    values = values.reshape(-1).astype(np.float64)
    if values.size == 0:
        raise ValueError("add_histogram: values must not be empty")
    counts, limits = np.histogram(values, bins=_default_bins() if bins == "tensorflow" else bins)
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins
        counts = np.add.reduceat(counts, np.arange(0, len(counts), step))
        limits = np.append(limits[:-1:step], limits[-1])
    filled = np.flatnonzero(counts)
    if len(filled) == 0:
        raise ValueError("add_histogram: no value is in a bin; is one of them inf or nan?")
    first, last = int(filled[0]), int(filled[-1])
    return histogram(
        tag,
        float(values.min()),
        float(values.max()),
        values.size,
        float(values.sum()),
        float(values.dot(values)),
        # An empty bucket before the first one gives its lower end.
        limits[first : last + 2].tolist(),
        [0, *counts[first : last + 1].tolist()],
    )


def _default_bins() -> Any:
    """TensorFlow's: powers of 1.1 from 1e-12 to 1e20, and their negatives."""
    edges, edge = [], 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    return np.array([-x for x in reversed(edges)] + [0.0] + edges)


def image(tag: str, pixels: Any) -> bytes:
    """Pixels (height, width, channels) in uint8 as a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return encoded_image(tag, buffer.getvalue(), *pixels.shape)


def encoded_image(tag: str, encoded: bytes, height: int, width: int, channels: int) -> bytes:
    """An image in a file format of pictures."""
    content = integer(1, height) + integer(2, width) + integer(3, channels) + message(4, encoded)
    return _value(tag, message(4, content))


def as_pixels(function: str, array: Any, dataformats: str) -> Any:
    """An array in the layout `dataformats` as (height, width, channels) in uint8; images of a
    batch become a grid of eight columns. Floats are from 0 to 1."""
    layout = dataformats.upper()
    if sorted(layout) not in (sorted("HW"), sorted("CHW"), sorted("NCHW")):
        raise ValueError(
            f"{function}: dataformats must be an order of HW, CHW or NCHW, got {dataformats!r}"
        )
    if array.ndim != len(layout):
        raise ValueError(
            f"{function}: dataformats {dataformats!r} needs {len(layout)} dimensions, got shape "
            f"{array.shape}"
        )
    if array.dtype != np.uint8:
        array = np.clip(array.astype(np.float32) * 255.0, 0, 255).astype(np.uint8)
    for axis in "CN":
        if axis not in layout:
            array, layout = array[None], axis + layout
    array = array.transpose([layout.index(axis) for axis in "NHWC"])
    if array.shape[3] not in (1, 3, 4):
        raise ValueError(f"{function}: an image has 1, 3 or 4 channels, got {array.shape[3]}")
    return _grid(array.repeat(3, axis=3) if array.shape[3] == 1 else array)


def _grid(images: Any, columns: int = 8) -> Any:
    n, height, width, channels = images.shape
    columns = min(n, columns)
    rows = -(-n // columns)
    canvas = np.zeros((rows * columns, height, width, channels), np.uint8)
    canvas[:n] = images
    canvas = canvas.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return canvas.reshape(rows * height, columns * width, channels)


def audio(tag: str, samples: Any, sample_rate: int) -> bytes:
    """Samples from -1 to 1 as a mono WAV file in 16 bits."""
    samples = (np.clip(samples.reshape(-1), -1, 1) * 32767.0).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    content = float32(1, sample_rate) + integer(2, 1) + integer(3, samples.size)
    content += message(4, buffer.getvalue()) + message(5, "audio/wav")
    return _value(tag, message(6, content))


def _hparam_value(value: Any) -> tuple[str, bytes]:
    """The type of a hyperparameter and its google.protobuf.Value."""
    if isinstance(value, str):
        return "string", message(3, value)
    if isinstance(value, bool):
        return "bool", integer(4, value)
    return "float64", float64(2, as_number("add_hparams", "a hyperparameter", value))


def hparams(
    parameters: Mapping[str, Any],
    metrics: Sequence[str],
    domains: Mapping[str, Sequence[Any]],
) -> list[bytes]:
    """The summaries that describe an experiment, begin its session and end it."""
    experiment, start = b"", b""
    for name, value in parameters.items():
        kind, encoded = _hparam_value(value)
        start += message(1, message(1, name) + message(2, encoded))
        info = message(1, name) + integer(4, _HPARAM_TYPES[kind])
        if name in domains:
            values = b"".join(message(1, _hparam_value(v)[1]) for v in domains[name])
            info += message(5, values)
        experiment += message(5, info)
    for metric in metrics:
        experiment += message(6, message(1, message(2, metric)))
    parts = {
        "experiment": message(2, experiment),
        "session_start_info": message(3, start),
        "session_end_info": message(4, integer(1, _STATUS_SUCCESS)),
    }
    return [
        _value(f"_hparams_/{name}", b"", _plugin("hparams", integer(1, 0) + content))
        for name, content in parts.items()
    ]

"""Image preprocessing: from an image file to the input of a network.

`read_image` converts a path, Pillow image or array to bytes of height x width x channels; the steps
of a `Preprocess` then map such arrays to one another. Resizing works on bytes, rounded as in
Pillow, or on floats, as in TensorFlow: a `ToFloat` before or after `Resize` selects which.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from zoo.errors import ImageError

Array = npt.NDArray[Any]
ImageLike = str | os.PathLike[str] | Image.Image | Array
Mode = Literal["RGB", "L"]
Interpolation = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]


class Transform(Protocol):
    """A step from one height x width x channels array to another."""

    def __call__(self, image: Array, /) -> Array: ...


def read_image(source: ImageLike, mode: Mode = "RGB") -> npt.NDArray[np.uint8]:
    """Read an image as bytes of shape (height, width, 3), or (height, width, 1) for mode "L".

    Photographs are rotated by their EXIF orientation; transparency is composed over white; grey,
    palette, CMYK and 16-bit images are converted. An array has shape (height, width) or (height,
    width, 1, 3 or 4) and holds bytes, or floats from 0 to 1.

    Raises `ImageError`, which names the file, for anything else.

    >>> read_image(np.zeros((4, 5), np.uint8)).shape
    (4, 5, 3)
    """
    if isinstance(source, Image.Image):
        image, name = source, getattr(source, "filename", "") or "image"
    elif isinstance(source, np.ndarray):
        image, name = _from_array(source), "array"
    elif isinstance(source, (str, os.PathLike)):
        image, name = _open(source), os.fspath(source)
    else:
        raise ImageError(
            f"image: expected a path, a Pillow image or a NumPy array, got {type(source).__name__}"
        )
    converted = _decode(image, mode, name)
    pixels = np.asarray(converted, dtype=np.uint8)
    return pixels.reshape(converted.height, converted.width, -1)


def _open(path: str | os.PathLike[str]) -> Image.Image:
    try:
        return Image.open(path)
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise ImageError(f"{path}: not an image in a format that Pillow reads") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: cannot be read as an image: {error}") from error


def _from_array(array: Array) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or array.size == 0:
        raise ImageError(
            "array: expected shape (height, width) or (height, width, 1, 3 or 4), "
            f"got {array.shape}"
        )
    if array.ndim == 3 and channels == 1:
        array = array[:, :, 0]
    if array.dtype == np.uint8:
        return Image.fromarray(np.ascontiguousarray(array))
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"array: expected dtype uint8 or a float, got {array.dtype}")
    # Written so that NaN fails as well.
    if not (array.min() >= 0 and array.max() <= 1):
        raise ImageError(
            f"array: floats must be from 0 to 1, got {array.min():g} to {array.max():g}"
        )
    return Image.fromarray(np.rint(array * 255).astype(np.uint8))


def _decode(image: Image.Image, mode: Mode, name: str) -> Image.Image:
    """Force Pillow's lazy decoding, to detect damaged files, and convert to `mode`."""
    try:
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):
            image = _from_16_bits(image, name)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
        return image.convert(mode)
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(f"{name}: cannot be decoded: {error}") from error


def _from_16_bits(image: Image.Image, name: str) -> Image.Image:
    """Scale 16-bit greys to bytes; Pillow's own conversion would clip them at 255."""
    levels = np.asarray(image)
    if levels.min() < 0 or levels.max() > 65535:
        raise ImageError(f"{name}: 32-bit integer images are not supported; 8 and 16 bits are")
    return Image.fromarray(np.rint(levels / 257).astype(np.uint8))


@dataclass(frozen=True)
class ToFloat:
    """Bytes to float32, divided by `scale`: 255 for a range of 0 to 1."""

    scale: float = 1.0

    def __call__(self, image: Array, /) -> Array:
        return image.astype(np.float32) / np.float32(self.scale)


@dataclass(frozen=True)
class Resize:
    """Resize with an antialiasing filter, to a (height, width), or its shorter side to an int.

    >>> Resize(8)(np.zeros((16, 32, 3), np.uint8)).shape
    (8, 16, 3)
    """

    size: int | tuple[int, int]
    interpolation: Interpolation = "bilinear"

    def __call__(self, image: Array, /) -> Array:
        height, width = self._target(*image.shape[:2])
        filter_ = Image.Resampling[self.interpolation.upper()]
        # Pillow resizes floats only one channel at a time.
        channels = [
            np.asarray(Image.fromarray(image[:, :, c]).resize((width, height), filter_))
            for c in range(image.shape[2])
        ]
        return np.stack(channels, axis=2)

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.size, int):
            return self.size
        short = min(height, width)
        return self.size * height // short, self.size * width // short


@dataclass(frozen=True)
class CenterCrop:
    """Crop (height, width) from the centre; a smaller image is padded with zeros.

    The start is half of the difference, rounded half to even, as in torchvision's `CenterCrop`.

    >>> CenterCrop((1, 1))(np.arange(8).repeat(8).reshape(8, 8, 1)).item()
    4
    """

    size: tuple[int, int]

    def __call__(self, image: Array, /) -> Array:
        padding = [(0, 0)] * image.ndim
        for axis, wanted in enumerate(self.size):
            missing = max(wanted - image.shape[axis], 0)
            padding[axis] = (missing // 2, missing - missing // 2)
        image = np.pad(image, padding)
        top, left = (
            round((side - wanted) / 2)
            for side, wanted in zip(image.shape[:2], self.size, strict=True)
        )
        return image[top : top + self.size[0], left : left + self.size[1]]


@dataclass(frozen=True)
class CenterSquare:
    """Crop the largest central square, or `fraction` of its side; the start rounds down."""

    fraction: float = 1.0

    def __call__(self, image: Array, /) -> Array:
        height, width = image.shape[:2]
        side = max(round(min(height, width) * self.fraction), 1)
        top, left = (height - side) // 2, (width - side) // 2
        return image[top : top + side, left : left + side]


@dataclass(frozen=True)
class Normalize:
    """(x - mean) / std with one value a channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, image: Array, /) -> Array:
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        centred: Array = image - mean
        return centred / std


@dataclass(frozen=True)
class Preprocess:
    """All steps from an image to a float32 array of shape (channels, height, width).

    >>> steps = (Resize((2, 3)), ToFloat(255))
    >>> Preprocess("RGB", steps)(np.zeros((8, 8), np.uint8)).shape
    (3, 2, 3)
    """

    mode: Mode
    steps: tuple[Transform, ...]

    def __call__(self, image: ImageLike) -> npt.NDArray[np.float32]:
        pixels: Array = read_image(image, self.mode)
        for step in self.steps:
            pixels = step(pixels)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)

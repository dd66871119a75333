"""Reading images and each preprocessing step, against Pillow and plain NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.preprocessing import (
    CenterCrop,
    CenterSquare,
    Normalize,
    Preprocess,
    Resize,
    ToFloat,
    read_image,
)

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (24, 32, 3), np.uint8)
GREYS = RNG.integers(0, 256, (24, 32), np.uint8)


def test_paths_images_and_arrays_agree(tmp_path: Path) -> None:
    path = tmp_path / "colours.png"
    image = Image.fromarray(COLOURS)
    image.save(path)
    for source in (path, str(path), image, COLOURS, COLOURS / 255):
        np.testing.assert_array_equal(read_image(source), COLOURS)


def test_exif_orientation(tmp_path: Path) -> None:
    path = tmp_path / "turned.tiff"
    exif = Image.Exif()
    exif[0x0112] = 6  # portrait: rotate by 90° clockwise
    Image.fromarray(COLOURS).save(path, exif=exif)
    np.testing.assert_array_equal(read_image(path), np.rot90(COLOURS, -1))


def test_transparency_is_laid_over_white() -> None:
    alpha = np.array([[0, 255, 128]], np.uint8)
    pixels = np.dstack([np.full((1, 3, 3), 100, np.uint8), alpha])
    got = read_image(pixels)[0, :, 0]
    np.testing.assert_allclose(got, [255, 100, 100 * 128 / 255 + 127], atol=1)


def test_transparent_palette(tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(path, transparency=1)
    assert read_image(path).tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "CMYK", "RGBA", "I;16", "YCbCr"])
def test_every_mode_becomes_colours_or_greys(mode: str) -> None:
    image = Image.fromarray(GREYS)
    if mode == "I;16":
        image = Image.fromarray(GREYS.astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    assert read_image(image).shape == (24, 32, 3)
    greys = read_image(image, "L")
    assert greys.shape == (24, 32, 1)
    if mode not in ("1", "P"):
        np.testing.assert_allclose(greys[:, :, 0], GREYS, atol=3)


def damaged(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    if name == "cut.png":
        Image.fromarray(COLOURS).save(path)
        path.write_bytes(path.read_bytes()[:200])
    elif name == "text.jpg":
        path.write_text("no image")
    elif name == "empty.png":
        path.touch()
    elif name == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize("name", ["cut.png", "text.jpg", "empty.png", "folder", "missing.png"])
def test_bad_files_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(zoo.ImageError, match=name):
        read_image(damaged(tmp_path, name))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 8, 8), np.uint8), r"expected shape .* got \(3, 8, 8\)"),
        (np.zeros((0, 8), np.uint8), r"got \(0, 8\)"),
        (np.zeros(5, np.uint8), r"got \(5,\)"),
        (np.zeros((8, 8), np.int64), "expected dtype uint8 or a float, got int64"),
        (np.full((8, 8), 16.0), "from 0 to 1, got 16 to 16"),
        (np.full((8, 8), np.nan), "from 0 to 1, got nan"),
        (7, "expected a path, a Pillow image or a NumPy array, got int"),
    ],
)
def test_bad_arrays(array: Any, message: str) -> None:
    with pytest.raises(zoo.ImageError, match=message):
        read_image(array)


def test_32_bit_greys_are_refused() -> None:
    with pytest.raises(zoo.ImageError, match="32-bit"):
        read_image(Image.fromarray(np.full((4, 4), 70_000, np.int32)))


@pytest.mark.parametrize("name", ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"])
def test_resizing_bytes_is_pillow_s(name: Any) -> None:
    expected = Image.fromarray(COLOURS).resize((10, 7), Image.Resampling[name.upper()])
    np.testing.assert_array_equal(Resize((7, 10), name)(COLOURS), np.asarray(expected))


def test_resizing_floats_does_not_round() -> None:
    """Halving with a box is the mean of four pixels."""
    means = COLOURS.reshape(12, 2, 16, 2, 3).mean((1, 3))
    np.testing.assert_allclose(Resize((12, 16), "box")(ToFloat()(COLOURS)), means, rtol=1e-6)


def test_bilinear_is_a_triangle_over_the_scale() -> None:
    """In one dimension: weights 1 - |distance| / scale, normalised."""
    row = RNG.random((1, 30, 1)).astype(np.float32)
    scale = 30 / 8
    centres = (np.arange(8)[:, None] + 0.5) * scale
    weights = np.maximum(1 - np.abs(np.arange(30) + 0.5 - centres) / scale, 0)
    expected = (weights / weights.sum(1, keepdims=True)) @ row[0, :, 0]
    np.testing.assert_allclose(Resize((1, 8))(row)[0, :, 0], expected, rtol=1e-5)


@pytest.mark.parametrize(("shape", "size"), [((24, 32), (8, 10)), ((32, 24), (10, 8))])
def test_resizing_the_shorter_side(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert Resize(8)(np.zeros((*shape, 3), np.uint8)).shape == (*size, 3)


def test_center_crop() -> None:
    np.testing.assert_array_equal(CenterCrop((10, 20))(COLOURS), COLOURS[7:17, 6:26])
    padded = CenterCrop((26, 30))(COLOURS)
    np.testing.assert_array_equal(padded[1:25], COLOURS[:, 1:31])
    assert not padded[0].any() and not padded[25].any()


@pytest.mark.parametrize(
    ("side", "wanted", "expected"),
    [
        (8, 1, [5]),
        (8, 3, [3, 4, 5]),
        (8, 7, [1, 2, 3, 4, 5, 6, 7]),
        (7, 2, [3, 4]),
        (9, 4, [3, 4, 5, 6]),
        (5, 8, [0, 1, 2, 3, 4, 5, 0, 0]),
        (4, 7, [0, 1, 2, 3, 4, 0, 0]),
    ],
)
def test_center_crop_of_odd_differences(side: int, wanted: int, expected: list[int]) -> None:
    """The pixels that torchvision 0.28's `center_crop` gives."""
    ramp = np.arange(1, side + 1).reshape(1, side, 1)
    assert CenterCrop((1, wanted))(ramp).ravel().tolist() == expected
    assert CenterCrop((wanted, 1))(ramp.reshape(side, 1, 1)).ravel().tolist() == expected


def test_center_square() -> None:
    np.testing.assert_array_equal(CenterSquare()(COLOURS), COLOURS[:, 4:28])
    np.testing.assert_array_equal(CenterSquare(0.5)(COLOURS), COLOURS[6:18, 10:22])
    np.testing.assert_array_equal(CenterSquare()(COLOURS[:23]), COLOURS[:23, 4:27])


def test_the_whole_of_efficientnet_lite(photographs: dict[str, Path]) -> None:
    """The steps together, with Pillow channel by channel."""
    pixels = np.asarray(Image.open(photographs["chelsea"]), np.float32)[:, 75:375]
    expected = [
        (np.asarray(Image.fromarray(pixels[:, :, c]).resize((224, 224), 2)) - 127) / 128
        for c in range(3)
    ]
    model = zoo.load("efficientnet_lite0", pretrained=False)
    batch = model.preprocess(photographs["chelsea"], photographs["coffee"]).numpy()
    assert batch.shape == (2, 3, 224, 224) and batch.dtype == np.float32
    np.testing.assert_allclose(batch[0], expected, atol=1e-6)


def test_steps_are_applied_in_order() -> None:
    steps = (ToFloat(255), Normalize((0.5, 0.25, 0.0), (0.5, 0.5, 2.0)))
    expected = (COLOURS / 255 - [0.5, 0.25, 0.0]) / [0.5, 0.5, 2.0]
    got = Preprocess("RGB", steps)(COLOURS)
    np.testing.assert_allclose(got, expected.transpose(2, 0, 1), atol=1e-6)

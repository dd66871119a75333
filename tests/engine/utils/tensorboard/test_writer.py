"""Event files, read back field by field and, if installed, by TensorBoard."""

from __future__ import annotations

import gc
import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import engine
from engine.utils.tensorboard import SummaryWriter
from tests.engine.utils.tensorboard.events import (
    double,
    doubles,
    fields,
    read,
    single,
    values,
)


def test_scalars_in_the_order_of_their_steps(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        for step, loss in enumerate([engine.tensor(2.5), np.float64(1.5), 0.5, engine.ones(1)]):
            writer.add_scalar("loss", loss, step, walltime=100.0 + step)
        assert writer.get_logdir() == str(tmp_path)
    events = read(tmp_path)
    assert [double(event[1][0]) for event in events] == [100, 101, 102, 103]
    assert [event.get(2, [0]) for event in events] == [[0], [1], [2], [3]]
    losses = [fields(fields(event[5][0])[1][0]) for event in events]
    assert [single(loss[2][0]) for loss in losses] == [2.5, 1.5, 0.5, 1.0]
    assert {loss[1][0] for loss in losses} == {b"loss"}


def test_scalars_of_the_new_style(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("single", 0.1, new_style=True)
        writer.add_scalar("double", 0.1, new_style=True, double_precision=True)
    found = values(tmp_path)
    assert single(fields(found["single"][8][0])[5][0]) == np.float32(0.1)
    assert double(fields(found["double"][8][0])[6][0]) == 0.1
    assert fields(fields(found["double"][9][0])[1][0])[1] == [b"scalars"]


def test_scalars_of_one_chart_have_folders_of_their_own(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("run/loss", {"train": 1.0, "test": 2.0}, 3)
        writer.add_scalars("run/loss", {"train": 0.5}, 4)
    assert len(read(tmp_path / "run_loss_train")) == 2
    assert single(values(tmp_path / "run_loss_test")["run/loss"][2][0]) == 2.0


@pytest.mark.parametrize("bins", ["tensorflow", 10, [-2.0, 0.0, 5.0, 9.0]])
def test_histogram(tmp_path: Path, bins: Any) -> None:
    data = engine.arange(100.0) / 10 - 3
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", data, 1, bins)
    histogram = fields(values(tmp_path)["h"][5][0])
    array = data.double().numpy()
    head = [double(histogram[i][0]) for i in range(1, 6)]
    np.testing.assert_allclose(head, [array.min(), array.max(), 100, array.sum(), array @ array])
    limits, counts = doubles(histogram[6][0]), doubles(histogram[7][0])
    assert len(limits) == len(counts) and counts[0] == 0 and counts[-1] > 0
    np.testing.assert_array_equal(np.histogram(array, limits)[0], counts[1:])
    assert sum(counts) == (90 if isinstance(bins, list) else 100)


def test_histogram_of_fewer_bins_and_counted_elsewhere(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("few", np.arange(50.0), bins=20, max_bins=5)
        writer.add_histogram_raw("raw", 0.0, 1.0, 5, 2.0, 3.0, [0.5, 1.0], [2, 3])
    found = values(tmp_path)
    few = fields(found["few"][5][0])
    assert doubles(few[7][0]) == [0, 10, 10, 10, 10, 10]
    np.testing.assert_allclose(doubles(few[6][0]), np.linspace(0, 49, 6))
    raw = fields(found["raw"][5][0])
    assert doubles(raw[6][0]) == [0.5, 1.0] and doubles(raw[7][0]) == [2, 3]


def pixels(value: dict[int, list[Any]]) -> Any:
    image = fields(value[4][0])
    with Image.open(io.BytesIO(image[4][0])) as picture:
        found = np.asarray(picture)
    assert (image[1][0], image[2][0], image[3][0]) == found.shape
    return found


def test_images(tmp_path: Path) -> None:
    image = (np.arange(3 * 5 * 7) * 2).astype(np.uint8).reshape(3, 5, 7)
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("chw", image)
        writer.add_image("hwc", engine.from_numpy(image).permute(1, 2, 0), dataformats="HWC")
        writer.add_image("hw", engine.tensor([[0.0, 0.5], [1.0, 2.0]]), dataformats="HW")
        writer.add_images("batch", np.stack([image] * 9))
    found = values(tmp_path)
    np.testing.assert_array_equal(pixels(found["chw"]), image.transpose(1, 2, 0))
    np.testing.assert_array_equal(pixels(found["hwc"]), image.transpose(1, 2, 0))
    assert pixels(found["hw"])[..., 0].tolist() == [[0, 127], [255, 255]]
    grid = pixels(found["batch"])
    assert grid.shape == (10, 56, 3) and not grid[5:, 7:].any()
    np.testing.assert_array_equal(grid[5:, :7], image.transpose(1, 2, 0))
    np.testing.assert_array_equal(grid[:5, 49:], image.transpose(1, 2, 0))


def test_figure(tmp_path: Path) -> None:
    class Figure:
        def savefig(self, buffer: Any, format: str) -> None:
            Image.new("RGBA", (4, 3), (1, 2, 3, 4)).save(buffer, format)

    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("plot", Figure(), close=False)
    assert pixels(values(tmp_path)["plot"])[2, 3].tolist() == [1, 2, 3, 4]


def test_audio(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_audio("sound", engine.tensor([[0.0, 0.5, -2.0]]), sample_rate=8000)
    audio = fields(values(tmp_path)["sound"][6][0])
    assert (single(audio[1][0]), audio[2], audio[3]) == (8000, [1], [3])
    with wave.open(io.BytesIO(audio[4][0])) as file:
        samples = np.frombuffer(file.readframes(3), "<i2")
        assert file.getframerate() == 8000
    assert samples.tolist() == [0, 16383, -32767]


def test_text(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "**größer**", 2)
    value = values(tmp_path)["note/text_summary"]
    assert fields(value[8][0])[8] == ["**größer**".encode()]
    assert fields(fields(value[9][0])[1][0])[1] == [b"text"]


def test_hparams(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        options = {"lr": 0.1, "name": "net", "wide": True}
        writer.add_hparams(options, {"accuracy": 0.5}, {"lr": [0.1, 0.2]}, run_name="first")
    found = values(tmp_path / "first")
    assert single(found["accuracy"][2][0]) == 0.5

    def content(name: str) -> dict[int, list[Any]]:
        return fields(fields(fields(found[f"_hparams_/{name}"][9][0])[1][0])[2][0])

    infos = [fields(info) for info in fields(content("experiment")[2][0])[5]]
    assert [(info[1][0], info[4][0]) for info in infos] == [(b"lr", 3), (b"name", 1), (b"wide", 2)]
    domain = [fields(value) for value in fields(infos[0][5][0])[1]]
    assert [double(value[2][0]) for value in domain] == [0.1, 0.2]
    start = fields(content("session_start_info")[3][0])[1]
    given = {fields(pair)[1][0]: fields(fields(pair)[2][0]) for pair in start}
    assert given[b"name"] == {3: [b"net"]} and given[b"wide"] == {4: [1]}
    assert fields(content("session_end_info")[4][0])[1] == [1]


def test_events_reach_the_disk(tmp_path: Path) -> None:
    writer = SummaryWriter(tmp_path / "a", max_queue=2)
    writer.add_scalar("x", 1.0)
    assert read(tmp_path / "a") == []
    writer.add_scalar("x", 2.0)
    assert len(read(tmp_path / "a")) == 2
    writer.add_scalar("x", 3.0)
    writer.flush()
    assert len(read(tmp_path / "a")) == 3
    writer.add_scalar("x", 4.0)
    del writer
    gc.collect()
    assert len(read(tmp_path / "a")) == 4
    SummaryWriter(tmp_path / "b", flush_secs=0).add_scalar("x", 1.0)
    assert len(read(tmp_path / "b")) == 1


def test_writing_continues_after_close(tmp_path: Path) -> None:
    writer = SummaryWriter(tmp_path, filename_suffix=".suffix")
    writer.close()
    writer.add_scalar("x", 1.0)
    writer.close()
    assert len(list(tmp_path.glob("events.out.tfevents.*.suffix"))) == 2


def test_purging_and_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="-tuned", purge_step=5) as writer:
        folder = Path(writer.log_dir)
    assert folder.parent.name == "runs" and folder.name.endswith("-tuned")
    (event,) = read(folder)
    assert event[2] == [5] and fields(event[7][0]) == {1: [1]}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda w: w.add_scalar("x", engine.ones(2)), ValueError, r"one number, got shape \(2,\)"),
        (lambda w: w.add_scalar("x", "1"), TypeError, "scalar_value must be numbers, got '1'"),
        (lambda w: w.add_histogram("x", []), ValueError, "values must not be empty"),
        (lambda w: w.add_histogram("x", [np.inf]), ValueError, "no value is in a bin"),
        (lambda w: w.add_image("x", np.ones((2, 3))), ValueError, "needs 3 dimensions, got shape"),
        (lambda w: w.add_image("x", np.ones((2, 3, 3))), ValueError, "1, 3 or 4 channels, got 2"),
        (
            lambda w: w.add_image("x", np.ones(3), dataformats="W"),
            ValueError,
            "dataformats must be",
        ),
        (lambda w: w.add_hparams([], {}), TypeError, "hparam_dict must be a dict, got list"),
        (lambda w: w.add_graph(None), NotImplementedError, "add_graph is not implemented yet"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, call: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    with SummaryWriter(tmp_path) as writer, pytest.raises(error, match=message):
        call(writer)


def test_tensorboard_reads_it(tmp_path: Path) -> None:
    loading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1.0 / (step + 1), step)
        writer.add_histogram("weights", engine.arange(10.0), 2)
        writer.add_image("noise", engine.rand(3, 40, 40), 2)
        writer.add_text("note", "hello", 2)
    events = loading.EventAccumulator(str(tmp_path))
    events.Reload()
    scalars = [(e.step, round(e.value, 4)) for e in events.Scalars("loss")]
    assert scalars == [(0, 1.0), (1, 0.5), (2, 0.3333)]
    assert events.Histograms("weights")[0].histogram_value.num == 10
    assert (events.Images("noise")[0].width, events.Tags()["tensors"]) == (
        40,
        ["note/text_summary"],
    )

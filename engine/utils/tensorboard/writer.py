"""Writers of event files."""

from __future__ import annotations

import datetime
import io
import itertools
import os
import socket
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from engine.utils.tensorboard import summary
from engine.utils.tensorboard.protobuf import float64, integer, message
from engine.utils.tensorboard.record import record

_file_numbers = itertools.count()
_SESSION_START = 1


class FileWriter:
    """An event file in a folder: events in the order in which they are added.

    They are written to disk after max_queue events, after flush_secs, at `flush` and at the end.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:
        self._log_dir = os.fspath(log_dir)
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        self._suffix = filename_suffix
        self._open()

    def _open(self) -> None:
        Path(self._log_dir).mkdir(parents=True, exist_ok=True)
        now = time.time()
        name = f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{os.getpid()}"
        self._path = Path(self._log_dir, f"{name}.{next(_file_numbers)}{self._suffix}")
        self._file = open(self._path, "wb")  # noqa: SIM115 (closed by the finalizer)
        self._finalizer = weakref.finalize(self, self._file.close)
        self._waiting, self._flushed_at = 0, now
        self.add_event(message(3, "brain.Event:2"))
        self.flush()

    def get_logdir(self) -> str:
        """The folder of the file."""
        return self._log_dir

    def add_event(
        self, event: bytes, step: float | None = None, walltime: float | None = None
    ) -> None:
        """Add an event with encoded content, a step and a time."""
        now = time.time()
        head = float64(1, now if walltime is None else float(walltime))
        if step is not None:
            head += integer(2, int(step))
        self._file.write(record(head + event))
        self._waiting += 1
        if self._waiting >= self._max_queue or now - self._flushed_at >= self._flush_secs:
            self.flush()

    def add_summary(
        self, value: bytes, global_step: float | None = None, walltime: float | None = None
    ) -> None:
        """Add an encoded summary."""
        if self._file.closed:
            self.reopen()
        self.add_event(message(5, value), global_step, walltime)

    def flush(self) -> None:
        """Write all added events to the disk."""
        self._file.flush()
        self._waiting, self._flushed_at = 0, time.time()

    def close(self) -> None:
        """Write everything and close the file."""
        self._finalizer()

    def reopen(self) -> None:
        """Continue in a new file after close."""
        if self._file.closed:
            self._open()


class SummaryWriter:
    """Writes event files for TensorBoard, which need not be installed.

    `log_dir` is by default a new folder in `runs`, named by time, host and `comment`. With
    `purge_step` TensorBoard drops the events of earlier files from that step on. `tag` names a
    series of values; `walltime` is in seconds since 1970, by default the current time.

    >>> import engine, tempfile
    >>> from engine.utils.tensorboard import SummaryWriter
    >>> with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
    ...     for step in range(3):
    ...         writer.add_scalar("loss", engine.tensor(1.0) / (step + 1), step)
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            now = datetime.datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = Path("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self.purge_step = purge_step
        self._options = (max_queue, flush_secs, filename_suffix)
        self.file_writer = FileWriter(self.log_dir, *self._options)
        self.all_writers = {self.log_dir: self.file_writer}
        if purge_step is not None:
            self.file_writer.add_event(message(7, integer(1, _SESSION_START)), purge_step)

    def get_logdir(self) -> str:
        """The folder of the event file."""
        return self.log_dir

    def _add(self, value: bytes, step: float | None, walltime: float | None) -> None:
        self.file_writer.add_summary(value, step, walltime)

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: float | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Add a number: a float, or a tensor or array of one element.

        With new_style it is a tensor of the scalars plugin, in float64 with double_precision.
        """
        number = summary.as_number("add_scalar", "scalar_value", scalar_value)
        self._add(summary.scalar(tag, number, new_style, double_precision), global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: float | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add numbers that are drawn in one chart, each in a folder of its own."""
        for tag, value in tag_scalar_dict.items():
            number = summary.as_number("add_scalars", tag, value)
            folder = f"{self.log_dir}/{main_tag.replace('/', '_')}_{tag}"
            if folder not in self.all_writers:
                self.all_writers[folder] = FileWriter(folder, *self._options)
            value = summary.scalar(main_tag, number)
            self.all_writers[folder].add_summary(value, global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: float | None = None,
        bins: str | int | Sequence[float] = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Add the histogram of a tensor or array.

        `bins` is "tensorflow" or np.histogram's argument; bins are merged into about max_bins.
        """
        array = summary.as_array("add_histogram", "values", values)
        self._add(summary.histogram_of(tag, array, bins, max_bins), global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: int,
        sum: float,
        sum_squares: float,
        bucket_limits: Sequence[float],
        bucket_counts: Sequence[float],
        global_step: float | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add a precomputed histogram: buckets with their upper ends."""
        if len(bucket_limits) != len(bucket_counts):
            raise ValueError(
                f"add_histogram_raw: {len(bucket_limits)} bucket_limits and {len(bucket_counts)} "
                "bucket_counts, expected equal numbers"
            )
        value = summary.histogram(
            tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts
        )
        self._add(value, global_step, walltime)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: float | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Add an image of 1, 3 or 4 channels, in uint8 or in floats from 0 to 1."""
        array = summary.as_array("add_image", "img_tensor", img_tensor)
        pixels = summary.as_pixels("add_image", array, dataformats)
        self._add(summary.image(tag, pixels), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: float | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Add the images of a batch, as one picture of eight columns."""
        array = summary.as_array("add_images", "img_tensor", img_tensor)
        pixels = summary.as_pixels("add_images", array, dataformats)
        self._add(summary.image(tag, pixels), global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: float | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Add a matplotlib figure, or a list of them, and close it unless close is False."""
        from PIL import Image

        for one in figure if isinstance(figure, list) else [figure]:
            buffer = io.BytesIO()
            one.savefig(buffer, format="png")
            with Image.open(buffer) as picture:
                width, height = picture.size
                channels = len(picture.getbands())
            value = summary.encoded_image(tag, buffer.getvalue(), height, width, channels)
            self._add(value, global_step, walltime)
            if close:
                from matplotlib import pyplot

                pyplot.close(one)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: float | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Add a sound of one channel: samples from -1 to 1."""
        array = summary.as_array("add_audio", "snd_tensor", snd_tensor)
        self._add(summary.audio(tag, array, sample_rate), global_step, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: float | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add a text in Markdown."""
        self._add(summary.text(tag, text_string), global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, bool | str | float],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
        run_name: str | None = None,
        global_step: float | None = None,
    ) -> None:
        """Add hyperparameters and the resulting metrics, as a run in a subfolder.

        `hparam_domain_discrete` lists all values of some of them. The subfolder is named by the
        time unless run_name is given.
        """
        for name, given in (("hparam_dict", hparam_dict), ("metric_dict", metric_dict)):
            if not isinstance(given, Mapping):
                raise TypeError(f"add_hparams: {name} must be a dict, got {type(given).__name__}")
        values = summary.hparams(hparam_dict, list(metric_dict), hparam_domain_discrete or {})
        with SummaryWriter(Path(self.log_dir, run_name or str(time.time()))) as writer:
            for value in values:
                writer.file_writer.add_summary(value, global_step)
            for tag, number in metric_dict.items():
                writer.add_scalar(tag, number, global_step)

    def add_graph(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: graphs of models."""
        _not_implemented_yet("add_graph")

    def add_onnx_graph(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: graphs of ONNX files."""
        _not_implemented_yet("add_onnx_graph")

    def add_embedding(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: embeddings for the projector."""
        _not_implemented_yet("add_embedding")

    def add_pr_curve(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: curves of precision and recall."""
        _not_implemented_yet("add_pr_curve")

    def add_video(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: videos."""
        _not_implemented_yet("add_video")

    def add_mesh(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: meshes."""
        _not_implemented_yet("add_mesh")

    def add_image_with_boxes(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: images with boxes."""
        _not_implemented_yet("add_image_with_boxes")

    def add_custom_scalars(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: layouts of charts."""
        _not_implemented_yet("add_custom_scalars")

    def flush(self) -> None:
        """Write all added events to the disk."""
        for writer in self.all_writers.values():
            writer.flush()

    def close(self) -> None:
        """Write everything and close the files; adding more opens new ones."""
        for writer in self.all_writers.values():
            writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _not_implemented_yet(method: str) -> NoReturn:
    raise NotImplementedError(f"SummaryWriter.{method} is not implemented yet")

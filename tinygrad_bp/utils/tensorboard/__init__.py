"""Logs for TensorBoard, written without it."""

from __future__ import annotations

import io
import os
import socket
import time
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np

from . import records

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Writes numbers, distributions, texts and pictures to a file that TensorBoard shows.

    Parameters
    ----------
    log_dir : path, optional
        By default ``runs/<date and time>_<host><comment>``.
    comment : str
    purge_step : int, optional
        Accepted.
    max_queue, flush_secs : int
        Write to disk after so many events, and at the latest when the next one comes after so
        many seconds.
    filename_suffix : str

    Examples
    --------
    >>> import tempfile
    >>> from tinygrad_bp.utils.tensorboard import SummaryWriter
    >>> with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
    ...     for step in range(3):
    ...         writer.add_scalar("loss", 1 / (step + 1), step)
    """

    def __init__(self, log_dir: Any = None, comment: str = "", purge_step: int | None = None,
                 max_queue: int = 10, flush_secs: int = 120,
                 filename_suffix: str = "") -> None:  # fmt: skip
        if not log_dir:
            stamp = time.strftime("%b%d_%H-%M-%S")
            log_dir = Path("runs") / f"{stamp}_{socket.gethostname()}{comment}"
        self.log_dir = str(log_dir)
        self._max_queue, self._flush_secs, self._suffix = max_queue, flush_secs, filename_suffix
        self._files: dict[str, io.BufferedWriter] = {}
        self._waiting, self._flushed_at = 0, time.monotonic()
        self._file(self.log_dir)

    def _file(self, folder: str) -> io.BufferedWriter:
        if folder not in self._files:
            os.makedirs(folder, exist_ok=True)
            now = time.time()
            name = f"events.out.tfevents.{int(now)}.{socket.gethostname()}.{os.getpid()}"
            path = Path(folder) / f"{name}.{len(self._files)}{self._suffix}"
            self._files[folder] = open(path, "ab")  # noqa: SIM115  closed by close()
            start = records.event(now, version="brain.Event:2")
            self._files[folder].write(records.record(start))
        return self._files[folder]

    def _write(self, value: bytes, step: Any, walltime: float | None, folder: str = "") -> None:
        number = None if step is None else int(step)
        moment = time.time() if walltime is None else walltime
        self._file(folder or self.log_dir).write(
            records.record(records.event(moment, number, value))
        )
        self._waiting += 1
        late = time.monotonic() - self._flushed_at > self._flush_secs
        if self._waiting >= self._max_queue or late:
            self.flush()

    def get_logdir(self) -> str:
        """Return the folder."""
        return self.log_dir

    def add_scalar(self, tag: str, scalar_value: Any, global_step: Any = None,
                   walltime: float | None = None, new_style: bool = False,
                   double_precision: bool = False) -> None:  # fmt: skip
        """Write one number of a curve."""
        self._write(records.scalar(tag, float(scalar_value)), global_step, walltime)

    def add_scalars(self, main_tag: str, tag_scalar_dict: dict[str, Any], global_step: Any = None,
                    walltime: float | None = None) -> None:  # fmt: skip
        """Write one number each of several curves in one diagram: a folder each, as PyTorch."""
        for tag, number in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            self._write(records.scalar(main_tag, float(number)), global_step, walltime, folder)

    def add_histogram(self, tag: str, values: Any, global_step: Any = None,
                      bins: Any = "tensorflow", walltime: float | None = None,
                      max_bins: int | None = None) -> None:  # fmt: skip
        """Write how values are distributed: a number of bins, or 30."""
        count = bins if isinstance(bins, int) else min(max_bins or 30, 30)
        self._write(records.histogram(tag, _numbers(values), count), global_step, walltime)

    def add_text(self, tag: str, text_string: str, global_step: Any = None,
                 walltime: float | None = None) -> None:  # fmt: skip
        """Write a text in Markdown."""
        self._write(records.text(tag, text_string), global_step, walltime)

    def add_image(self, tag: str, img_tensor: Any, global_step: Any = None,
                  walltime: float | None = None, dataformats: str = "CHW") -> None:  # fmt: skip
        """Write a picture: bytes, or floats between 0 and 1; `dataformats` names the axes."""
        pixels = _numbers(img_tensor)
        order = [dataformats.index(axis) for axis in "HWC" if axis in dataformats]
        pixels = pixels.transpose(order)
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        if pixels.dtype.kind == "f":
            pixels = np.clip(pixels * 255, 0, 255).round()
        self._write(records.image(tag, pixels.astype(np.uint8)), global_step, walltime)

    def add_images(self, tag: str, img_tensor: Any, global_step: Any = None,
                   walltime: float | None = None,
                   dataformats: str = "NCHW") -> None:  # fmt: skip
        """Write several pictures, beside each other."""
        pictures = np.moveaxis(_numbers(img_tensor), dataformats.index("N"), 0)
        axes = dataformats.replace("N", "")
        row = np.concatenate(list(pictures), axis=axes.index("W"))
        self.add_image(tag, row, global_step, walltime, axes)

    def add_figure(self, tag: str, figure: Any, global_step: Any = None, close: bool = True,
                   walltime: float | None = None) -> None:  # fmt: skip
        """Write a figure of Matplotlib, or each of several."""
        for each in figure if isinstance(figure, list) else [figure]:
            each.canvas.draw()
            pixels = np.asarray(each.canvas.buffer_rgba())
            self._write(records.image(tag, pixels), global_step, walltime)
            if close:
                each.clear()

    def add_hparams(self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any],
                    **others: Any) -> None:  # fmt: skip
        """Write hyperparameters as a text, and the metrics that they led to as numbers."""
        self.add_text("hparams", "\n".join(f"- {k}: {v}" for k, v in hparam_dict.items()))
        for tag, number in metric_dict.items():
            self.add_scalar(tag, number)

    def add_graph(self, model: Any, input_to_model: Any = None, **others: Any) -> None:
        """Warn: the graph is not written; :func:`tinygrad_bp.draw` draws it."""
        warnings.warn("SummaryWriter.add_graph writes nothing: see tgb.draw(model)", stacklevel=2)

    def flush(self) -> None:
        """Write to disk what waits."""
        for file in self._files.values():
            file.flush()
        self._waiting, self._flushed_at = 0, time.monotonic()

    def close(self) -> None:
        """Write what waits, and end the files."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _numbers(values: Any) -> np.ndarray[Any, Any]:
    return np.asarray(values.detach() if hasattr(values, "detach") else values)

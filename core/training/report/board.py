"""The logs that TensorBoard shows while a training runs: `tensorboard --logdir FOLDER`.

Each training is a run of its own in the folder, `run_1`, `run_2`, …, with `training` and `validation` inside, as Keras lays them out: so
that curves of the same name lie over each other, and runs can be compared. TensorBoard itself is not needed to write them; TensorFlow's
`tf.summary.scalar` and `tf.summary.image` are only names for `tf.summary.write` that the package tensorboard brings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import CannotWrite
from ...model.backend import tf
from ...partial import write_error

TRAINING, VALIDATION = "training", "validation"
_RUN = re.compile(r"run_(\d+)")
_SCALAR, _BLOB = 1, 3  # DataClass of summary.proto


class Board:
    """The log of one training, written as it goes.

    Args:
        folder: made if missing; runs that are in it stay.

    Raises:
        CannotWrite: no permission, or the folder is a file.
    """

    def __init__(self, folder: str) -> None:
        try:
            os.makedirs(folder, exist_ok=True)
            self.path = os.path.join(folder, next_run(os.listdir(folder)))
            os.mkdir(self.path)
        except OSError as error:
            raise write_error(folder, error) from error
        self._writers: dict[str, Any] = {}

    def write(self, side: str, step: int, numbers: Mapping[str, float | None], pictures: Mapping[str, bytes] | None = None) -> None:
        """Numbers and pictures (PNG) of an epoch, at once to be seen. What is None is left out.

        Args:
            side: TRAINING or VALIDATION.

        Raises:
            CannotWrite: the disk is full.
        """
        try:
            with self._writer(side).as_default(step=step):
                for name, number in numbers.items():
                    if number is not None:
                        tf.summary.write(name, tf.constant(number, tf.float32), metadata=_metadata("scalars", _SCALAR))
                for name, png in (pictures or {}).items():
                    tf.summary.write(name, _image(png), metadata=_metadata("images", _BLOB))
            self._writer(side).flush()
        except tf.errors.OpError as error:
            raise CannotWrite(f"Cannot write the log {self.path}", received=error.message, remedy="Is the disk full?") from error

    def _writer(self, side: str) -> Any:
        if side not in self._writers:
            self._writers[side] = tf.summary.create_file_writer(os.path.join(self.path, side))
        return self._writers[side]

    def close(self) -> None:
        """Let go of the files."""
        for writer in self._writers.values():
            writer.close()


def next_run(names: Iterable[str]) -> str:
    """The name of the run after those that a folder has."""
    numbers = [int(found.group(1)) for name in names if (found := _RUN.fullmatch(name))]
    return f"run_{max(numbers, default=0) + 1}"


def _metadata(plugin: str, data_class: int) -> Any:
    kind = tf.compat.v1.SummaryMetadata
    return kind(plugin_data=kind.PluginData(plugin_name=plugin), data_class=data_class).SerializeToString()


def _image(png: bytes) -> Any:
    """As the images plugin wants it: width, height, and the encoded picture."""
    height, width = tf.io.decode_png(png).shape[:2]
    return tf.constant([str(width).encode(), str(height).encode(), png])

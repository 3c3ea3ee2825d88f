"""Patches as TFRecord shards, in the layout that OTBTF's Python API reads.

A folder holds `0.records`, `1.records`, …, and two JSON files, `output_shape.json` and `output_types.json`, with the shape and type of
every feature. A record is a tf.train.Example; each feature is one serialized tensor: `source1` … `source6` [rows, cols, bands], and
`labels` [1], [targets] or [rows, cols, 1]. `classes.json` names the codes of the classes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np

from ..classes import LandClass
from ..partial import replacing_folder
from .windows import Size

SHAPES, TYPES, CLASSES = "output_shape.json", "output_types.json", "classes.json"
MOST_FILES = 200  # open at a time; the samples are dealt to them in turn
LABELS = "labels"


class PatchRecords:
    """The shards in the making. Use as a context manager; only a clean end gives the folder its name.

    Samples come in the order of places; dealt out in turn, each shard holds some of all places, as shuffled reading wants it.

    Args:
        labels: (samples, values): what is to be learnt of each patch; None if the last source is the label image, or nothing is.
        sizes: (height, width) of the patches of every source.
        label_image: whether the last source holds the labels.
    """

    def __init__(self, folder: str, count: int, per_file: int, sizes: Sequence[Size], labels: np.ndarray | None, label_image: bool) -> None:
        self._folder, self._sizes, self._labels = folder, sizes, labels
        self.files = min(ceil(count / per_file), MOST_FILES)
        names = [f"source{number}" for number in range(1, len(sizes) + 1)]
        self._names = [*names[:-1], LABELS] if label_image else names
        self._features: dict[str, Any] = {}
        self.classes: tuple[LandClass, ...] = ()

    def write(self, first: int, patches: Sequence[np.ndarray]) -> None:
        """Patches (samples · rows, cols, bands) of every source, of the samples from `first` on."""
        stacks = [part.reshape(-1, *size, part.shape[2]) for part, size in zip(patches, self._sizes, strict=True)]
        for i in range(len(stacks[0])):
            sample = {name: stack[i] for name, stack in zip(self._names, stacks, strict=True)}
            if self._labels is not None:
                sample[LABELS] = self._labels[first + i]
            self._features = self._features or {name: (list(values.shape), values.dtype.name) for name, values in sample.items()}
            self._writers[(first + i) % self.files].write(_example(sample))

    def __enter__(self) -> PatchRecords:
        import tensorflow as tf

        with contextlib.ExitStack() as exits:
            temporary = exits.enter_context(replacing_folder(self._folder, TYPES))
            exits.callback(self._describe, temporary)
            paths = (os.path.join(temporary, f"{number}.records") for number in range(self.files))
            self._writers = [exits.enter_context(tf.io.TFRecordWriter(path)) for path in paths]
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._exits.__exit__(*exception)

    def _describe(self, folder: str) -> None:
        _write(folder, SHAPES, {name: shape for name, (shape, _) in self._features.items()})
        _write(folder, TYPES, {name: dtype for name, (_, dtype) in self._features.items()})
        if self.classes:
            _write(folder, CLASSES, [land_class.to_plain() for land_class in self.classes])


def _example(sample: Mapping[str, np.ndarray]) -> bytes:
    import tensorflow as tf

    def feature(values: np.ndarray) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[tf.io.serialize_tensor(values).numpy()]))

    features = tf.train.Features(feature={name: feature(values) for name, values in sample.items()})
    serialized: bytes = tf.train.Example(features=features).SerializeToString()
    return serialized


def _write(folder: str, name: str, values: Any) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(values, file, indent=4, ensure_ascii=False)

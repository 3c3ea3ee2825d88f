"""What the weights that a training ends with depend on: parameters, files, software."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ...fingerprint import Fingerprint, images, software, stamps
from ...jobs import PatchSet, TrainModel
from ...model.loading.load import device_in_use
from ...raster.identity import Identity, stamp
from ...sampling.sidecar import sidecar_path
from ..data.feed import Feed

# What the weights do not depend on, or what stands apart. (Of the memory budget they depend as far as it decides how patches are mixed.)
NOT_COUNTED = {"training", "validation", "graph", "memory", "resume"}
GROUPS = ("fitting", "augmentation")


def fingerprint(job: TrainModel, feed: Feed) -> Fingerprint:
    """Of a training whose patches and model were opened already. The epochs count too: most schedules of the learning rate depend on them.

    Args:
        feed: of the training patches.

    Raises:
        CannotRead: a file vanished in the meantime.
    """
    files = {"the training patches": _files(job.training), "the validation patches": _files(job.validation)}
    mixed = "held in memory" if feed.held_bytes else f"streamed from disk, {feed.mixed:,} at a time"
    facts = {"the model": stamps(job.model), "the way of reading": mixed, "the device": device_in_use()}
    return {**dict(_parameters(job)), **files, **facts, **software()}


def _parameters(job: TrainModel) -> Iterator[tuple[str, Any]]:
    values = asdict(job)
    counted = {name: value for name, value in values.items() if name not in NOT_COUNTED and not name.startswith("output")}
    graph = {name: value for name, value in values["graph"].items() if name != "trust"}
    groups = {**graph, **{name: value for group in GROUPS for name, value in counted.pop(group).items()}}
    yield from ((f"parameter {name.upper()}", value) for name, value in {**counted, **groups}.items())


def _files(patches: PatchSet) -> Identity:
    paths = (*patches.sources, *patches.labels)
    beside = {path: stamp(path) for path in map(sidecar_path, paths)}
    return {**images(paths), **beside, **(stamps(patches.records) if patches.records else {})}

"""Cuts all patches and writes them: one pass over the samples, one batch in memory at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np

from ..jobs import ExtractPatches
from ..raster.source import Source
from ..reporting import Reporter
from ..stream import Stream
from .cut import Cutter, batches, most_patches, tile_side
from .patch_images import LabelPatchImage, PatchImage
from .patch_labels import PatchLabels, class_labels, measurements
from .records import PatchRecords
from .samples import Layout, Samples


def write_patches(job: ExtractPatches, samples: Samples, sources: Sequence[Source], layout: Layout, reporter: Reporter) -> int:
    """All outputs of the job; the number of classes.

    Patches and truth go to images, to TFRecords, or to both.
    """
    labels = _labels(job, samples)
    with contextlib.ExitStack() as exits:
        images = [exits.enter_context(image) if image else None for image in _images(job, samples, sources, layout)]
        records = exits.enter_context(_records(job, samples, layout, labels)) if job.output_records else None
        _cut(samples, sources, layout, images, records, reporter)
        classes = next((image.classes for image in images if isinstance(image, LabelPatchImage)), labels.classes if labels else ())
        if records:
            records.classes = classes
    if labels and job.output_labels:
        labels.write(job.output_labels, samples, sources[0])
    return len(classes)


def _cut(
    samples: Samples, sources: Sequence[Source], layout: Layout, images: Sequence[PatchImage | None], records: PatchRecords | None,
    reporter: Reporter,
) -> None:  # fmt: skip
    """Decoding, looking at the values and writing overlap."""
    cutters = [Cutter(source, number, layout) for number, source in enumerate(sources)]
    runs = list(batches(samples, tile_side(sources, layout), most_patches(sources, layout)))

    def cut(batch: slice) -> list[np.ndarray]:
        return [cutter.cut(samples.chosen(batch)) for cutter in cutters]

    def look(patches: list[np.ndarray]) -> list[np.ndarray]:
        for image, part in zip(images, patches, strict=True):
            if image:
                image.look(part)
        return patches

    def write(batch: slice, patches: list[np.ndarray]) -> None:
        for image, part in zip(images, patches, strict=True):
            if image:
                image.write(batch.start, part)
        if records:
            records.write(batch.start, patches)

    Stream(cut, look, write).run(runs, len(runs), reporter, "Cutting")


def _images(job: ExtractPatches, samples: Samples, sources: Sequence[Source], layout: Layout) -> list[PatchImage | None]:
    """The image of each source, None for those that are not wanted."""
    paths = [source.output for source in job.sources] + ([job.output_labels] if layout.label_image else [])
    kinds = [PatchImage] * len(paths)
    if layout.label_image and np.issubdtype(sources[-1].dtype, np.integer):
        kinds[-1] = LabelPatchImage
    wanted = zip(kinds, paths, sources, layout.sizes, strict=True)
    return [kind(path, samples, source, size) if path else None for kind, path, source, size in wanted]


def _labels(job: ExtractPatches, samples: Samples) -> PatchLabels | None:
    """What is to be learnt of each patch as a whole."""
    if job.targets:
        return measurements(samples, job.targets)
    return class_labels(samples) if job.field else None


def _records(job: ExtractPatches, samples: Samples, layout: Layout, labels: PatchLabels | None) -> PatchRecords:
    values = labels.values if labels else None
    return PatchRecords(job.output_records, len(samples), job.records_per_file, layout.sizes, values, layout.label_image)

"""The job extractpatches: the patches of every source at the sample points, and their labels."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from typing import Any

import numpy as np

from ..errors import BadParameter, BadTruth
from ..jobs import ExtractPatches
from ..raster.alignment import align
from ..raster.source import Source
from ..reporting import Reporter
from ..vector import VectorReader
from .cut import Cutter, batches, by_tile, most_patches, tile_side
from .label_patches import label_size, open_labels
from .patch_output import write_patches
from .quicklook import write_quicklook
from .rejections import NO_DATA, UNLABELLED, Rejections
from .samples import NO_LABEL, Layout, Samples, read_samples, reject
from .truth import warn_without_crs
from .windows import PatchStarts


def run(job: ExtractPatches, reporter: Reporter) -> dict[str, Any]:
    """Sort out by geometry, then by no-data, then cut: the number of patches is known before the first one is written.

    The patches of one sample are in the same place of every output; samples come in the order of tiles of the image, so that
    each block of it is decoded about once.

    Raises:
        GridMismatch: the sources do not lie on each other.
        BadTruth: the points cannot be used, or not one of them gives a patch (with the reasons).
    """
    _check(job)
    with contextlib.ExitStack() as exits:
        sources = [exits.enter_context(Source(source.images, source.nodata, job.nodata_rule)) for source in job.sources]
        if job.labels.image:
            sources.append(exits.enter_context(open_labels(job.labels)))
        layout = _layout(job, sources, reporter)
        with VectorReader(job.points, job.points_layer) as points, Rejections(job.rejected, layout.grids[0].crs) as rejections:
            warn_without_crs(points.crs, layout.grids[0].crs, reporter.warn)
            reporter.phase("Placing the samples")
            placed = read_samples(points, job.field, job.targets, layout, rejections, reporter)
            samples = _with_data(by_tile(placed, tile_side(sources, layout)), sources, layout, rejections, reporter)
        _report(samples, rejections, reporter)
        reporter.phase(f"Cutting {len(samples)} patches from {len(sources)} source(s)")
        classes = write_patches(job, samples, sources, layout, reporter)
        if job.output_html:
            write_quicklook(job, samples, sources, layout, rejections)
    return _outputs(job, len(samples), rejections.count, classes, [source.count for source in sources[: len(job.sources)]])


def _check(job: ExtractPatches) -> None:
    if not job.sources or not (job.output_records or all(source.output for source in job.sources)):
        raise BadParameter(
            "Sources",
            expected="at least one, each with a file for its patches (or a folder for TFRecords)",
            received=len(job.sources),
        )
    truths = [name for name in (job.field, ", ".join(job.targets), job.labels.image) if name]
    if len(truths) > 1:
        raise BadParameter("Truth", expected="a field of classes, fields of measurements or a label image", received="; ".join(truths))
    if job.output_labels and not truths:
        raise BadParameter(
            "Labels", expected="the field that holds the class", received="none", remedy="Name the field, or write no labels."
        )


def _layout(job: ExtractPatches, sources: list[Source], reporter: Reporter) -> Layout:
    grids = tuple(source.grid for source in sources)
    names = [f"source {number} ({os.path.basename(source.paths[0])})" for number, source in enumerate(sources, start=1)]
    sizes = [(source.height, source.width) for source in job.sources]
    if job.labels.image:
        names[-1] = f"label image ({os.path.basename(job.labels.image)})"
        sizes.append(label_size(job.labels, grids[-1], grids[0], sizes[0]))
    alignment = align(grids, names)
    for remark in alignment.remarks:
        reporter.warn(remark)
    for name, source, (height, width) in zip(names, sources, sizes, strict=True):
        reporter.info(f"{name}: {source.grid.height} × {source.grid.width} pixels, {source.count} bands; patches {height} × {width}")
    return Layout(grids, alignment.anchor, tuple(sizes), PatchStarts(alignment, sizes), job.padding, bool(job.labels.image))


def _with_data(samples: Samples, sources: list[Source], layout: Layout, rejections: Rejections, reporter: Reporter) -> Samples:
    """The samples whose patches have data everywhere in every source. Sources that surely have data are not read."""
    side, most = tile_side(sources, layout), most_patches(sources, layout)
    for number, source in enumerate(sources):
        if source.complete or not len(samples):
            continue
        said = layout.number(number)
        reporter.phase(f"Looking for no-data in source {said}" if said else "Looking for pixels without a label")
        cutter, kept = Cutter(source, number, layout), np.ones(len(samples), bool)
        for batch in batches(samples, side, most):
            kept[batch] = cutter.complete(samples.chosen(batch))
            reporter.progress(batch.stop / len(samples))
        reject(rejections, samples.chosen(~kept), NO_DATA if said else UNLABELLED, said)
        samples = samples.chosen(kept)
    return samples


def _report(samples: Samples, rejections: Rejections, reporter: Reporter) -> None:
    """Say how many were rejected and why.

    Raises:
        BadTruth: all of them.
    """
    reasons = "; ".join(rejections.sentences())
    if not len(samples):
        where = f" The rejected points, each with its reason, are in {rejections.path}." if rejections.path else ""
        raise BadTruth(
            "Not one point gives a patch",
            expected="points whose patches lie inside every source",
            received=reasons or "no point at all",
            remedy=f"Check the points' CRS, the patch size and the no-data value.{where}",
        )
    if rejections.count:
        reporter.warn(f"{rejections.count} of {rejections.count + len(samples)} samples rejected: {reasons}.")
    for label, count in _per_class(samples).items():
        if label != NO_LABEL:
            reporter.info(f"Class {label}: {count} patches")


def _per_class(samples: Samples) -> Counter[Any]:
    counts = np.bincount(samples.label, minlength=len(samples.labels))
    return Counter({label: int(count) for label, count in zip(samples.labels, counts, strict=True) if count})


def _outputs(job: ExtractPatches, patches: int, rejected: int, classes: int, bands: list[int]) -> dict[str, Any]:
    paths = {f"OUTPUT{number}": source.output for number, source in enumerate(job.sources, start=1)}
    paths |= {
        "OUTPUT_LABELS": job.output_labels,
        "REJECTED": job.rejected,
        "OUTPUT_RECORDS": job.output_records,
        "OUTPUT_HTML": job.output_html,
    }
    outputs: dict[str, Any] = {name: path for name, path in paths.items() if path}
    outputs |= {f"BANDS{number}": count for number, count in enumerate(bands, start=1)}
    return outputs | {"PATCHES": patches, "REJECTED_COUNT": rejected, "CLASSES": classes, "BANDS": bands[0]}

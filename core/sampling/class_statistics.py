"""The job classstatistics: how many pixels of an image each class, and each feature, of a vector truth covers."""

from __future__ import annotations

import contextlib
from typing import Any

from ..jobs import ClassStatistics
from ..raster.pixel_areas import PixelAreas
from ..raster.source import Source
from ..reporting import Reporter
from ..vector import VectorReader
from .class_report import FeatureTable, write_class_table, write_report
from .class_tally import ClassTally
from .on_grid import open_on
from .truth import warn_without_crs
from .vector_truth import Losses, Outcome, VectorTruth

MOST_CLASSES_SHOWN = 60


def run(job: ClassStatistics, reporter: Reporter) -> dict[str, Any]:
    """One pass over the truth. Memory grows with the number of classes, not with that of the features nor with the image.

    The pixels counted are the candidates of the job selectsamples: the same features, the same pixels.

    Raises:
        BadTruth: no such field, no usable feature, no pixel under any of them.
        GridMismatch: the mask lies on another grid than the image.
    """
    with contextlib.ExitStack() as exits:
        image = exits.enter_context(Source([job.image]))
        mask = exits.enter_context(open_on(job.image, job.mask)) if job.mask else None
        vector = exits.enter_context(VectorReader(job.truth, job.truth_layer))
        table = exits.enter_context(FeatureTable(job.output_features))
        warn_without_crs(vector.crs, image.grid.crs, reporter.warn)
        tally = ClassTally(PixelAreas(image.grid))

        def keep(outcome: Outcome) -> None:
            tally.finish(outcome)
            table.write(outcome)

        truth = VectorTruth(vector, job.field, image, mask, reporter, on_feature=keep)
        reporter.phase("Counting the pixels of each class")
        for batch in truth.batches():
            tally.add(batch)
    if not tally.pixels:
        raise truth.explain_nothing()
    _log(tally, truth.losses, reporter)
    if job.output:
        write_class_table(job.output, tally)
    if job.output_html:
        write_report(job, tally, truth.losses)
    return _outputs(job, tally)


def _log(tally: ClassTally, losses: Losses, reporter: Reporter) -> None:
    for label, found in tally.classes()[:MOST_CLASSES_SHOWN]:
        reporter.info(f"Class {label}: {found.pixels} pixels in {found.features} features")
    if len(tally.classes()) > MOST_CLASSES_SHOWN:
        reporter.info(f"… and {len(tally.classes()) - MOST_CLASSES_SHOWN} more classes")
    for sentence in [*losses.sentences(), *tally.warnings()]:
        reporter.warn(sentence)


def _outputs(job: ClassStatistics, tally: ClassTally) -> dict[str, Any]:
    paths = {"OUTPUT": job.output, "OUTPUT_FEATURES": job.output_features, "OUTPUT_HTML": job.output_html}
    return {name: path for name, path in paths.items() if path} | {
        "CLASSES": sum(found.pixels > 0 for _, found in tally.classes()),
        "PIXELS": tally.pixels,
        "FEATURES": tally.features,
        "LEFT_OUT": tally.left_out_features,
    }

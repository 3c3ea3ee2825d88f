"""What a reader of the figures has to know: what was left out, and whether the samples justify the confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence

from .assessment import Assessment
from .reference import POINTS, RASTER, Reference
from .tally import Tally

DESIGNS = {
    POINTS: "The confidence intervals hold if the points were drawn at random, within each class of the map or over the whole of it. "
    "Points that were chosen by hand, or that a model was trained on, make a map look better than it is, and no interval shows by how "
    "much.",
    RASTER: "Every pixel of the reference raster counts as a sample. Neighbouring pixels are alike, so the true uncertainty is larger than "
    "the confidence intervals; where the raster covers the whole map there is no sampling error at all, and they mean nothing.",
}
SHAPES_DESIGN = (
    "The {samples:,} samples are pixels under {features:,} features. Pixels of one polygon are alike and are no independent samples, and "
    "polygons are mostly chosen by hand: the true uncertainty is larger than the confidence intervals. For figures to be relied on, draw "
    "points at random within each class of the map."
)


def design(found: Assessment, reference: Reference) -> str:
    """What the way in which the samples came about means for the intervals."""
    if reference.kind in DESIGNS:
        return DESIGNS[reference.kind]
    return SHAPES_DESIGN.format(samples=found.samples, features=reference.features)


def remarks(found: Sequence[Assessment], reference: Reference, tally: Tally) -> list[str]:
    """What was left out or makes trouble, in sentences, for the log and the report; empty if nothing. `found`: one for each map."""
    first = found[0]
    said = [*left_out(reference, tally), *_classes(first)]
    said += [f"{one.name}: {sentence}" for one in found[1:] for sentence in _classes(one)]
    if (first.scores.matrix.sum(axis=1) > 0).sum() == 1:
        said.append("The reference has only one class: the figures say nothing of how well classes are told apart.")
    flawless = [one.name for one in found if one.scores.overall_accuracy == 1 and one.adjusted.overall.error == 0]
    if flawless and reference.kind != RASTER:
        said.append(
            f"Every sample is right in {', '.join(flawless)}: ± 0 there says that no error was found, not that there is none. The interval "
            "of the overall accuracy tells more."
        )
    if first.classes.area is None:
        said.append("The map's CRS does not tell how large its pixels are: areas are shares of its pixels.")
    return said


def left_out(reference: Reference, tally: Tally) -> list[str]:
    """What of the reference gives no sample, in sentences."""
    said = [f"{count:,} features {reason} were left out." for reason, count in reference.losses.features.items()]
    without = tally.without_map + reference.losses.pixels
    if without:
        said.append(f"{without:,} reference pixels lie where the map has no data and were left out.")
    if tally.without_compared:
        said.append(f"{tally.without_compared:,} reference pixels lie where a map to compare with has no data and were left out.")
    if reference.ignored:
        names = ", ".join(str(reference.names.get(n, n) if isinstance(n, int) else n) for n in reference.ignored)
        said.append(f"{reference.ignored.total():,} reference pixels of classes to ignore ({names}) were left out.")
    return said


def _classes(found: Assessment) -> list[str]:
    names, adjusted, support = found.classes.names, found.adjusted, found.scores.matrix.sum(axis=1)
    said = []
    strangers = [(c.name, int(n)) for c, n in zip(found.classes.classes, support, strict=True) if c.code is None]
    if strangers:
        listed = ", ".join(f"{name} ({count:,} samples)" for name, count in strangers)
        said.append(f"The map does not know these classes of the reference, so that their samples count as errors: {listed}.")
    if adjusted.left_out:
        listed = ", ".join(names[i] for i in adjusted.left_out)
        said.append(
            f"No sample lies on these classes of the map: {listed}. The area-adjusted figures leave them out and hold for the other "
            f"{1 - found.area_left_out:.1%} of the map."
        )
    if adjusted.alone:
        listed = ", ".join(names[i] for i in adjusted.alone)
        said.append(f"A single sample lies on these classes of the map: {listed}. Intervals that depend on them cannot be told.")
    return said

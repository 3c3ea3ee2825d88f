"""The part of the report that compares several maps: their figures in one table, the tests, and each class in every map."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..confusion import MOST_CLASSES
from ..page import Cell, picture, table
from .assessment import Assessment
from .classes import folded
from .comparison import Contest, all_names
from .figures import f1_picture

EXPLAINED = (
    "All maps are judged by the same samples: those where every one of them has data. The interval of the overall accuracy is Wilson's at "
    "95 %; maps that share their samples may differ for certain although their intervals overlap: that is what McNemar's test is for."
)
TEST = (
    "McNemar's test (χ² with continuity correction, exact binomial for few samples) looks at the samples that only one of two maps has "
    "right. p: the probability of such a difference if the maps were equally good{}. It takes the samples for independent of each other: "
    "pixels of one polygon are not, and make p too small."
)
HOLM = ", corrected by Holm (1979) for so many tests"


def side_by_side(found: Sequence[Assessment]) -> tuple[str, ...]:
    """The figures of each map, a row for each."""
    header = ("Map", "Overall accuracy", "95 % interval", "Area-adjusted accuracy", "Kappa", "F1, mean of the classes", "IoU, mean")
    return (f"<p>{EXPLAINED}</p>\n", table(map(_figures, found), header))


def _figures(one: Assessment) -> tuple[Cell, ...]:
    scores, (low, high) = one.scores, one.interval
    interval = f"{low:.3f} – {high:.3f}"
    return (one.name, scores.overall_accuracy, interval, str(one.adjusted.overall), scores.kappa, scores.macro_f1, scores.mean_iou)


def tested(tests: Sequence[Contest]) -> tuple[str, ...]:
    """Whether the first map is better or worse than the others, or may be so by chance."""
    header = (f"{tests[0].first} against", "Both right", "Right alone", "The other right alone", "Both wrong", "χ²", "p")
    rows = [
        (c.other, c.test.both, c.test.first, c.test.second, c.test.neither, c.test.statistic, c.p_in_words.removeprefix("= "))
        for c in tests
    ]
    verdicts = (f"<p>{escape(contest.verdict())}</p>\n" for contest in tests)
    return (*verdicts, table(rows, header), f"<p>{TEST.format(HOLM if len(tests) > 1 else '')}</p>\n")


def each_class(found: Sequence[Assessment]) -> tuple[str, ...]:
    """F1 of each class in every map, as a picture and in a table; of classes that the reference has not, there is none."""
    known = [{folded(c.name): c.f1 for c in one.scores.classes} for one in found]
    names = [name for name in all_names(found) if any(f1.get(folded(name)) is not None for f1 in known)]
    values = [[f1.get(folded(name)) for name in names] for f1 in known]
    shown = {one.name: row[:MOST_CLASSES] for one, row in zip(found, values, strict=True)}
    chart = picture(f1_picture(names[:MOST_CLASSES], shown), "F1 of each class in every map")
    rows = [(name, *row) for name, row in zip(names, zip(*values, strict=True), strict=True)]
    return (chart, table(rows, ("Class", *(one.name for one in found))))

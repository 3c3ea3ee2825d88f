"""What class statistics leave behind: a table of the classes and one of the features (CSV), and a page with a chart."""

from __future__ import annotations

import contextlib
import csv
import os
from html import escape
from typing import Any

from ..charts import MOST_BARS, class_bars
from ..classes import make_classes
from ..jobs import ClassStatistics
from ..page import picture, section, swatch, table, write_page
from ..partial import replacing
from .class_tally import ClassTally, known_area
from .vector_truth import Losses, Outcome

CLASS_COLUMNS = ("class", "pixels", "share", "area_m2", "features", "features_left_out", "pixels_left_out")
FEATURE_COLUMNS = ("fid", "class", "pixels", "pixels_left_out", "reason")
MOST_ROWS = 500  # of a page


class FeatureTable:
    """CSV with a row for every feature, in their order, written as they come. Use as a context manager. An empty path: none is written."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> FeatureTable:
        with contextlib.ExitStack() as exits:
            if self.path:
                temporary = exits.enter_context(replacing(self.path))
                self._rows = csv.writer(exits.enter_context(open(temporary, "w", encoding="utf-8", newline="")))
                self._rows.writerow(FEATURE_COLUMNS)
            self._exits = exits.pop_all()
        return self

    def write(self, outcome: Outcome) -> None:
        """One feature."""
        if self.path:
            self._rows.writerow((outcome.fid, outcome.label, outcome.pixels, outcome.left_out, outcome.reason))

    def __exit__(self, *exception: Any) -> None:
        self._exits.__exit__(*exception)


def write_class_table(path: str, tally: ClassTally) -> None:
    """CSV with a row for every class. `share`: of all pixels, from 0 to 1. It can be given to the strategy byclass: all pixels then."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(CLASS_COLUMNS)
        for label, found in tally.classes():
            share, area = found.pixels / tally.pixels, known_area(found)
            rows.writerow((label, found.pixels, share, area, found.features, found.left_out_features, found.left_out_pixels))


def write_report(job: ClassStatistics, tally: ClassTally, losses: Losses) -> None:
    """The page, to the job's `output_html`."""
    found = tally.classes()
    classes = make_classes((index, str(label)) for index, (label, _) in enumerate(found))
    chart = class_bars([c.name for c in classes], {"pixels": [s.pixels for _, s in found]}, "pixels", [c.hex for c in classes])
    more = f"<p>The {MOST_BARS} largest of {len(found)} classes.</p>\n" if len(found) > MOST_BARS else ""
    write_page(
        job.output_html,
        "Class statistics",
        f'<p class="lead">{escape(_summary(job, tally))}</p>\n',
        *(f'<p class="warning">{escape(sentence)}</p>\n' for sentence in tally.warnings()[:MOST_BARS]),
        section("Pixels of each class", picture(chart, "Bar chart of the pixels of each class"), more),
        section("Classes", _class_rows(tally, [swatch(c.colour, c.name) for c in classes])),
        section("What was left out", _losses(losses)),
    )


def _summary(job: ClassStatistics, tally: ClassTally) -> str:
    with_pixels = tally.features - tally.left_out_features
    mask = f", mask {os.path.basename(job.mask)}" if job.mask else ""
    return (
        f"Field {job.field} of {os.path.basename(job.truth)} on {os.path.basename(job.image)}{mask}: {tally.pixels:,} pixels under "
        f"{with_pixels:,} of {tally.features:,} features. A pixel under several features counts for each of them."
    )


def _class_rows(tally: ClassTally, names: list[Any]) -> str:
    header = ("Class", "Pixels", "Percent", "Hectares", "Features", "Features left out", "Pixels left out")
    rows = [
        (
            name,
            found.pixels,
            100 * found.pixels / tally.pixels,
            None if (area := known_area(found)) is None else area / 1e4,
            found.features,
            found.left_out_features,
            found.left_out_pixels,
        )
        for name, (_, found) in zip(names[:MOST_ROWS], tally.classes(), strict=False)
    ]
    more = f"<p>… and {len(names) - MOST_ROWS} more classes.</p>\n" if len(names) > MOST_ROWS else ""
    return table(rows, header) + more


def _losses(losses: Losses) -> str:
    rows = [(f"Features {reason}", count) for reason, count in losses.features.most_common()]
    rows += [("Pixels in no-data or outside the mask", losses.pixels)] if losses.pixels else []
    return table(rows, ("What", "How many")) if rows else "<p>Nothing.</p>\n"

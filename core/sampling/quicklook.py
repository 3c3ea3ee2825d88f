"""A page to look at the patches that were cut: some of every class side by side, how many of each, and what was rejected."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from itertools import chain

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..charts import class_bars, png, shortened
from ..classes import LandClass, make_classes
from ..jobs import ExtractPatches
from ..page import picture, section, table, write_page
from ..painting import natural_bands, stretched
from ..raster.source import Source
from .codes import code_table
from .cut import Cutter
from .rejections import Rejections
from .samples import Layout, Samples

EACH = 8  # patches of a class
MOST_CLASSES = 20
PERCENTILES = 2.0, 90.0  # of the stretch: one patch with a cloud shall not leave all others in the dark
MOST_SIDE = 96  # pixels of a patch on the sheet; larger ones are thinned out
_WIDTH_IN = 9.0


def write_quicklook(job: ExtractPatches, samples: Samples, sources: Sequence[Source], layout: Layout, rejections: Rejections) -> None:
    """The page, to the job's `output_html`. Its patches are cut again: they may have gone into TFRecords alone.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    counts = np.bincount(samples.label, minlength=len(samples.labels))
    codes = code_table(samples.labels)
    present = sorted((codes[label], index) for index, label in enumerate(samples.labels) if counts[index])
    classes = make_classes((code, str(samples.labels[index]) if job.field else "all") for code, index in present)  # as in the labels
    numbers = [int(counts[index]) for _, index in present]
    chart = class_bars([c.name for c in classes], {"patches": numbers}, "patches", [c.hex for c in classes])
    write_page(
        job.output_html,
        "Extracted patches",
        f'<p class="lead">Patches: {len(samples):,} · classes: {len(classes)} · samples rejected: {rejections.count:,}</p>\n',
        section("Patches of each class", picture(chart, "Bar chart of the patches of each class")),
        *_sheets(job, samples, sources, layout, classes[:MOST_CLASSES], [index for _, index in present[:MOST_CLASSES]]),
        f"<p>… and {len(classes) - MOST_CLASSES} more classes.</p>\n" if len(classes) > MOST_CLASSES else "",
        section("Rejected samples", _rejected(rejections)),
    )


def _sheets(
    job: ExtractPatches, samples: Samples, sources: Sequence[Source], layout: Layout, classes: Sequence[LandClass], labels: Sequence[int]
) -> list[str]:
    chosen = [spread(np.flatnonzero(samples.label == label), EACH) for label in labels]
    sections = []
    for number, (part, source) in enumerate(zip(job.sources, sources, strict=False), start=1):  # the last source may be a label image
        bands = natural_bands(source.band_names)
        cutter = Cutter(source, number - 1, layout)
        sheet = contact_sheet(_pictures(cutter, samples, chosen, bands), [c.name for c in classes])
        names = ", ".join(source.band_names[band] for band in bands)
        title = f"Source {number}: {os.path.basename(source.paths[0])} ({part.height} × {part.width} pixels, {names})"
        sections.append(section(title, picture(sheet, f"Patches of source {number}, a row for each class")))
    return sections


def spread(indexes: np.ndarray, most: int) -> np.ndarray:
    """Up to so many of the indexes, evenly from the first to the last: they come in the order of places in the image."""
    return indexes if len(indexes) <= most else indexes[np.linspace(0, len(indexes) - 1, most).round().astype(int)]


def _pictures(cutter: Cutter, samples: Samples, chosen: Sequence[np.ndarray], bands: tuple[int, ...]) -> list[list[np.ndarray]]:
    """For each class its patches as (rows, cols, 3) in 0–1, all stretched together, so that they can be compared."""
    cut = [cutter.cut(samples.chosen(slice(index, index + 1)))[:, :, list(bands)] for run in chosen for index in run]
    thin = -(-max(cut[0].shape[:2]) // MOST_SIDE)
    stack = np.concatenate([patch[::thin, ::thin] for patch in cut])
    shown = iter(np.split(stretched(stack, np.ones(stack.shape[:2], bool), *PERCENTILES), len(cut)))
    return [[next(shown) for _ in run] for run in chosen]


def contact_sheet(pictures: Sequence[Sequence[np.ndarray]], names: Sequence[str]) -> bytes:
    """A row for each class: its name, then its patches, (rows, cols, 3) in 0–1 and all of one size."""
    height, width = pictures[0][0].shape[:2]
    gap = max(1, height // 12)
    canvas = np.ones((len(pictures) * (height + gap) - gap, EACH * (width + gap) - gap, 3), np.float32)
    corners = [(row * (height + gap), col * (width + gap)) for row, run in enumerate(pictures) for col in range(len(run))]
    for (top, left), patch in zip(corners, chain.from_iterable(pictures), strict=True):
        canvas[top : top + height, left : left + width] = patch
    figure = Figure(figsize=(_WIDTH_IN, 0.8 * _WIDTH_IN * canvas.shape[0] / canvas.shape[1] + 0.2), layout="constrained")
    panel = figure.subplots()
    panel.imshow(canvas, interpolation="nearest")
    for top, left in corners:  # a frame: a cloud is as white as the page
        panel.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor="#8a8f98", linewidth=0.6, clip_on=False))
    middles = [row * (height + gap) + height / 2 - 0.5 for row in range(len(pictures))]
    panel.set_yticks(middles, [shortened(name, 20) for name in names], fontsize=9, parse_math=False)
    panel.set_xticks([])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return png(figure)


def _rejected(rejections: Rejections) -> str:
    if not rejections.count:
        return "<p>None.</p>\n"
    layer = f"<p>They are in {escape(os.path.basename(rejections.path))}.</p>\n" if rejections.path else ""
    rows = [(reason, f"source {source}" if source is not None else None, count) for reason, source, count in rejections.by_reason()]
    return table(rows, ("Reason", "Where", "Samples")) + layer

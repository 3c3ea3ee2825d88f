"""drawmap: the picture that one shows to others. Image, truth and map side by side, with a legend and a scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, log10, radians
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from .classes import LandClass
from .errors import BadParameter
from .jobs import DrawMap
from .painting import TruthPainter, coloured, lightened, map_classes, natural_bands, stretched
from .partial import replacing
from .raster.grid import Grid
from .raster.overview import Overview, read_overview, stacked
from .raster.source import Source
from .raster.style import read_category_names
from .reporting import Reporter
from .vector import VectorReader

MAX_SIZE = 2048  # pixels of a panel's longer side: what a page or a screen can show
MOST_IN_LEGEND = 30
_PANEL_IN, _LEGEND_ROW_IN, _TITLE_IN, _MARGIN_IN, _GAP_IN, _DPI = 7.0, 0.34, 0.55, 0.25, 0.22, 150
_WIDE = 1.45  # images wider than so many heights are put under each other
_INK = "#222222"
_METRES_PER_DEGREE = 111320.0


@dataclass(frozen=True)
class Layer:
    """Pixels to show in a panel, and where: (left, right, bottom, top) in pixels of the image's overview."""

    pixels: np.ndarray
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class Panel:
    """One part of the picture: a title, and layers from the lowest to the highest."""

    title: str
    layers: tuple[Layer, ...]


def run(job: DrawMap, reporter: Reporter) -> dict[str, Any]:
    """Draw what the job names (image, and truth or map or both) into the PNG file `job.output`.

    Raises:
        BadParameter: no image or no .png is named.
        CannotRead, BadTruth: a file cannot be read, or has no such field.
    """
    if not job.images or not job.output.lower().endswith(".png"):
        received = f"{len(job.images)} images, {job.output!r}"
        raise BadParameter("A picture", expected="an image, and an output that ends in .png", received=received)
    image, background = _image(job.images, reporter)
    panels = [background]
    classes: tuple[LandClass, ...] = ()
    if job.map:
        map_panel, classes = _map(job.map, image, reporter)
    if job.truth:
        truth_panel, truth_classes = _truth(job, image, background, classes, reporter)
        panels.append(truth_panel)
        names = {c.name for c in classes}
        classes += tuple(c for c in truth_classes if c.name not in names)
    if job.map:
        panels.append(map_panel)
    figure = compose(panels, classes, image.grid)
    reporter.check()
    with replacing(job.output) as temporary:
        figure.savefig(temporary, dpi=_DPI, facecolor="white")
    reporter.info(f"Drew {len(panels)} panels of {image.grid.width} × {image.grid.height} pixels, {len(classes)} classes.")
    return {"OUTPUT": job.output}


def _image(paths: Sequence[str], reporter: Reporter) -> tuple[Overview, Panel]:
    with Source(paths) as source:
        names, bands_by_image = source.band_names, source.counts
    places = [(path, band) for path, count in zip(paths, bands_by_image, strict=True) for band in range(count)]
    bands = natural_bands(names)
    overview = stacked([read_overview(places[band][0], MAX_SIZE, [places[band][1]], check=reporter.check) for band in bands])
    title = f"Image ({', '.join(names[band] for band in bands)})"
    return overview, Panel(title, (Layer(stretched(overview.pixels, overview.valid), _whole(overview.grid)),))


def _map(path: str, image: Overview, reporter: Reporter) -> tuple[Panel, tuple[LandClass, ...]]:
    overview = read_overview(path, MAX_SIZE, [0], average=False, check=reporter.check)
    extent = _extent_in(overview.grid, image.grid)
    values = overview.pixels[:, :, 0]
    if np.issubdtype(values.dtype, np.floating):  # a probability, say: no classes, shades of grey
        return Panel("Map", (Layer(stretched(overview.pixels, overview.valid), extent),)), ()
    present = {int(code) for code in np.unique(values[overview.valid])}
    names = read_category_names(path)
    classes = map_classes(present - ({0} if names and 0 not in names else set()), names, overview.colours)
    return Panel("Map", (Layer(coloured(values, overview.valid, classes), extent),)), classes


def _truth(
    job: DrawMap, image: Overview, background: Panel, known: tuple[LandClass, ...], reporter: Reporter
) -> tuple[Panel, tuple[LandClass, ...]]:
    painter = TruthPainter(image.grid, job.field)
    with VectorReader(job.truth, job.truth_layer) as reader:
        if job.field:
            reader.check_field(job.field)
        painter.paint(reader.features(image.grid.crs), reporter.check)
    if not painter.values:
        reporter.warn(f"Nothing of the truth {job.truth} can be drawn: it is empty, or its field {job.field!r} is.")
    classes = painter.classes(known)
    drawn = coloured(painter.pixels, painter.pixels > 0, classes)
    whole = _whole(image.grid)
    title = f"Truth ({job.field})" if job.field else "Truth"
    return Panel(title, (Layer(lightened(background.layers[0].pixels), whole), Layer(drawn, whole))), classes


def _whole(grid: Grid) -> tuple[float, float, float, float]:
    return 0.0, float(grid.width), float(grid.height), 0.0


def _extent_in(grid: Grid, frame: Grid) -> tuple[float, float, float, float]:
    """Where a grid lies in the pixels of another one, as (left, right, bottom, top)."""
    top, left = frame.row_col(*grid.xy(0, 0))
    bottom, right = frame.row_col(*grid.xy(grid.height, grid.width))
    return left, right, bottom, top


def compose(panels: list[Panel], classes: tuple[LandClass, ...], grid: Grid) -> Figure:
    """The figure: panels beside each other (wide images under each other), the legend below. No state of pyplot is touched."""
    shape = (len(panels), 1) if grid.width > _WIDE * grid.height else (1, len(panels))
    width, height = _panel_size(grid, shape[1])
    shown = classes[:MOST_IN_LEGEND]
    columns = max(1, min(len(shown), int(shape[1] * width / 1.75)))
    legend_in = _LEGEND_ROW_IN * -(-len(shown) // columns) + (0.15 if shown else 0)
    total_width = 2 * _MARGIN_IN + shape[1] * width + (shape[1] - 1) * _GAP_IN
    total_height = _MARGIN_IN + shape[0] * (height + _TITLE_IN) + legend_in
    figure = Figure(figsize=(total_width, total_height))
    FigureCanvasAgg(figure)
    for place, panel in enumerate(panels):
        row, col = place // shape[1], place % shape[1]
        left = _MARGIN_IN + col * (width + _GAP_IN)
        bottom = total_height - (row + 1) * (height + _TITLE_IN)
        axes = figure.add_axes((left / total_width, bottom / total_height, width / total_width, height / total_height))
        _draw_panel(axes, panel, grid)
        if place == 0:
            _draw_scale_bar(axes, grid)
    if shown:
        _draw_legend(figure, shown, len(classes) - len(shown), columns)
    return figure


def _panel_size(grid: Grid, side_by_side: int) -> tuple[float, float]:
    """Width and height of a panel in inches, in the shape of the image."""
    longer = _PANEL_IN if side_by_side > 1 else 1.6 * _PANEL_IN
    scale = longer / max(grid.width, grid.height)
    return max(grid.width * scale, 2.5), max(grid.height * scale, 1.0)


def _draw_panel(axes: Axes, panel: Panel, grid: Grid) -> None:
    for layer in panel.layers:
        axes.imshow(layer.pixels, extent=layer.extent, interpolation="antialiased", interpolation_stage="rgba")
    axes.set_xlim(0, grid.width)
    south_up = grid.transform.e > 0
    axes.set_ylim((0, grid.height) if south_up else (grid.height, 0))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=_INK, linewidth=0.8)
    axes.set_title(panel.title, fontsize=15, color=_INK, loc="left", pad=7)


def _draw_legend(figure: Figure, classes: tuple[LandClass, ...], left_out: int, columns: int) -> None:
    handles = [Patch(facecolor=c.hex, edgecolor=_INK, linewidth=0.5, label=c.name) for c in classes]
    if left_out:
        handles.append(Patch(facecolor="none", label=f"and {left_out} more"))
    figure.legend(
        handles=handles, loc="lower center", ncols=columns, frameon=False, fontsize=13, labelcolor=_INK,
        handlelength=1.5, handleheight=1.1, columnspacing=1.8, borderaxespad=0.5,
    )  # fmt: skip


def _draw_scale_bar(axes: Axes, grid: Grid) -> None:
    """A bar of a round length in the lower left corner, in black and white over a pale box: readable on any image."""
    pixel, unit = pixel_length(grid)
    length = round_length(grid.width * pixel / 4)
    label = f"{length / 1000:g} km" if unit == "m" and length >= 1000 else f"{length:g} {unit}"
    share = length / pixel / grid.width
    x, y, thick = 0.035, 0.045, 0.012
    axes.add_patch(
        Rectangle((x - 0.018, y - 0.022), share + 0.036, 0.085, transform=axes.transAxes, facecolor="white", alpha=0.8, linewidth=0)
    )
    for half, colour in ((0, _INK), (1, "white")):
        position = (x + half * share / 2, y - 0.005)
        axes.add_patch(Rectangle(position, share / 2, thick, transform=axes.transAxes, facecolor=colour, edgecolor=_INK, linewidth=0.8))
    axes.text(x + share / 2, y + thick, label, transform=axes.transAxes, ha="center", va="bottom", fontsize=11, color=_INK)


def pixel_length(grid: Grid) -> tuple[float, str]:
    """How long a pixel is along a row, and in which unit: metres where the CRS tells (degrees are turned into metres), else pixels."""
    side = float(np.hypot(grid.transform.a, grid.transform.d))
    if grid.crs is None:
        return 1.0, "px"
    if grid.crs.is_geographic:
        latitude = grid.xy(grid.height / 2, grid.width / 2)[1]
        return side * _METRES_PER_DEGREE * max(cos(radians(latitude)), 1e-3), "m"
    return side * float(grid.crs.linear_units_factor[1]), "m"


def round_length(length: float) -> float:
    """The largest of …, 1, 2, 5, 10, 20, 50, … that is no longer."""
    power = 10.0 ** floor(log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))

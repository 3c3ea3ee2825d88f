"""Charts of classes for the reports, as PNG bytes. Matplotlib's object interface only: no window system, no global state."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

DPI = 110
MOST_BARS = 40
SERIES_COLOURS = ("#1f6fb2", "#e3a33b", "#7a8793")
# Of lines: Okabe & Ito, *Color Universal Design* (2008), which the colour-blind tell apart.
BLUE, VERMILION, GREEN, GREY, INK = "#0072b2", "#d55e00", "#009e73", "#8a8f98", "#24292f"
_WIDTH_IN, _BAR_IN, _MARGIN_IN = 9.0, 0.3, 0.9
_LONGEST = 28  # letters of a name


def class_bars(names: Sequence[str], series: Mapping[str, Sequence[int]], unit: str, colours: Sequence[str] = ()) -> bytes:
    """A bar for each class, from the top, with the number at its end; the series are stacked in it.

    Of more than MOST_BARS classes the largest are shown, in the order given.

    Args:
        series: name → a count for each class.
        unit: what is counted, for the axis.
        colours: of the classes, for a single series; default: a colour for each series.
    """
    totals = [sum(counts) for counts in zip(*series.values(), strict=True)]
    shown = sorted(sorted(range(len(names)), key=lambda index: -totals[index])[:MOST_BARS])
    figure = Figure(figsize=(_WIDTH_IN, _BAR_IN * len(shown) + _MARGIN_IN), layout="constrained")
    panel, starts = figure.subplots(), [0] * len(shown)
    for place, (name, counts) in enumerate(series.items()):
        lengths = [counts[index] for index in shown]
        colour = [colours[index] for index in shown] if colours else SERIES_COLOURS[place % len(SERIES_COLOURS)]
        panel.barh(range(len(shown)), lengths, left=starts, color=colour, height=0.72, label=name)
        starts = [start + length for start, length in zip(starts, lengths, strict=True)]
    for place, total in enumerate(starts):
        panel.annotate(f"{total:,}", (total, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8, color="#444")
    panel.set_yticks(range(len(shown)), [shortened(names[index]) for index in shown], fontsize=9, parse_math=False)
    panel.set_ylim(len(shown) - 0.4, -0.6)
    panel.set_xlim(0, 1.12 * max([*starts, 1]))
    panel.set_xlabel(unit)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    panel.xaxis.set_major_formatter(EngFormatter(sep=" "))
    panel.grid(axis="x", alpha=0.25)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    if len(series) > 1:
        figure.legend(loc="outside upper right", ncols=len(series), frameon=False, fontsize=9)
    return png(figure)


def shortened(name: str, most: int = _LONGEST) -> str:
    """The name, cut where it is long."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def png(figure: Figure) -> bytes:
    """The figure as it is put into a page."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=DPI)
    return buffer.getvalue()

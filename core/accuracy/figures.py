"""The pictures of the accuracy report, as PNG bytes. Matplotlib's object interface only: no window system, no global state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from ..charts import png, shortened

MAPPED, ESTIMATED = "#b9c4cf", "#1f6fb2"
MARKERS = "osD^vPX*h"  # a shape beside the colour for each map: nine are more than colours alone tell apart


def area_picture(
    names: Sequence[str], mapped: Sequence[float], estimated: Sequence[float], widths: Sequence[float | None], unit: str
) -> bytes:
    """For each class a pair of bars: how much of it the map shows, and how much there is by the samples, with the 95 % interval."""
    figure = Figure(figsize=(9, 0.46 * len(names) + 1.0), layout="constrained")
    panel, places = figure.subplots(), np.arange(len(names))
    panel.barh(places - 0.19, mapped, height=0.36, color=MAPPED, label="in the map")
    bars = [0.0 if width is None else width for width in widths]
    panel.barh(
        places + 0.19,
        estimated,
        height=0.36,
        color=ESTIMATED,
        label="estimated",
        xerr=bars,
        error_kw={"ecolor": "#222", "capsize": 3, "lw": 1},
    )
    panel.set_yticks(places, [shortened(name) for name in names], fontsize=9, parse_math=False)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlim(left=0)
    panel.set_xlabel(unit)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=7))
    panel.xaxis.set_major_formatter(EngFormatter(sep=" "))
    panel.grid(axis="x", alpha=0.25)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    return png(figure)


def f1_picture(names: Sequence[str], maps: Mapping[str, Sequence[float | None]]) -> bytes:
    """A line for each class with a mark for each map, from 0 to 1."""
    figure = Figure(figsize=(9, 0.34 * len(names) + 1.2), layout="constrained")
    panel = figure.subplots()
    for (name, values), marker in zip(maps.items(), MARKERS, strict=False):
        known = [np.nan if value is None else value for value in values]
        panel.plot(known, range(len(names)), marker, alpha=0.8, label=shortened(name))
    panel.set_yticks(range(len(names)), [shortened(name) for name in names], fontsize=9, parse_math=False)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_xlim(-0.02, 1.02)
    panel.set_xlabel("F1")
    panel.grid(alpha=0.25)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    for text in figure.legend(loc="outside upper right", ncols=4, frameon=False, fontsize=9).get_texts():
        text.set_parse_math(False)
    return png(figure)

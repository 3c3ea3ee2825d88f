"""A small drawing of a model's geometry: what it reads of each source, about what it gives, to scale on the ground.

One panel a source, all at one scale: windows of the same ground are of the same size, and their pixels show which source is finer. Where
windows lie is the one rule of core/raster/alignment.py, for the block at the corner of the image. Text takes the colour of the page
around it, and fills are half transparent: the drawing is readable on light and on dark ground. No script, no other file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from html import escape

from ...raster.alignment import HALF, Axis, starts_about

WIDTH = 480  # of the drawing; like all lengths here without another unit, in CSS pixels
_PANELS = {1: 260, 2: 208, 3: 140}  # side by side: their size
_GAP, _TITLE, _CAPTION, _LINE = 24, 24, 40, 22
_SMALLEST_PIXEL = 4  # pixels of a source are drawn as a grid from this size on
_SMALLEST_FIELD = 5  # what is smaller would not be seen: it gets a ring
_BLUE, _RED, _GREY = "#2f7fc1", "#d9480f", "#8a8f98"  # told apart by the colour-blind, on white and on black
_PALE, _HATCH = 0.18, 7
_LONGEST_NAME = 22


@dataclass(frozen=True)
class DrawnSource:
    """A source: its name, its receptive field (width, height) in its pixels, and their spacing ÷ that of the first source's."""

    name: str
    receptive_field: tuple[int, int]
    ratio: Fraction = Fraction(1)


@dataclass(frozen=True)
class Sketch:
    """What is drawn.

    Attributes:
        sources: the first is the reference.
        expression_field: (width, height) in output pixels.
        scale_factor: spacing of the output ÷ spacing of the first source.
        halo: (width, height) in output pixels, on either side.
        note: a line under the legend.
    """

    sources: tuple[DrawnSource, ...]
    expression_field: tuple[int, int] = (1, 1)
    scale_factor: Fraction = Fraction(1)
    halo: tuple[int, int] = (0, 0)
    note: str = ""


@dataclass(frozen=True)
class Box:
    """A rectangle; in pixels of the first source, from the corner of the block that is drawn, or on the drawing."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.top + self.height


def draw(sketch: Sketch) -> str:
    """The drawing as an SVG element, to be put into a page."""
    boxes = [*windows(sketch), _given(sketch), _with_halo(sketch)]
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    width, height = max(box.right for box in boxes) - left, max(box.bottom for box in boxes) - top
    columns = min(len(sketch.sources), max(_PANELS))
    scale = _PANELS[columns] / max(width, height)
    size = width * scale, height * scale
    parts, margin = [], (WIDTH - columns * size[0] - (columns - 1) * _GAP) / 2
    for i, (source, box) in enumerate(zip(sketch.sources, boxes, strict=False)):
        x = margin + i % columns * (size[0] + _GAP) - left * scale
        y = _TITLE + i // columns * (size[1] + _TITLE + _CAPTION) - top * scale
        parts += _panel(sketch, source, box, _Place(x, y, scale), top * scale)
    bottom = -(-len(sketch.sources) // columns) * (size[1] + _TITLE + _CAPTION) + 10
    parts += _legend(sketch, bottom)
    total = round(bottom + _LINE * len(_entries(sketch)) + (_LINE if sketch.note else 0))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}" role="img"'
        f' font-family="sans-serif" font-size="12" fill="currentColor">\n<title>{escape(in_words(sketch))}</title>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def in_words(sketch: Sketch) -> str:
    """The drawing in one sentence."""
    fields = ", ".join(f"{_size(source.receptive_field)} pixels of {source.name}" for source in sketch.sources)
    return f"For {_size(sketch.expression_field)} output pixels, the model reads {fields}."


def windows(sketch: Sketch) -> list[Box]:
    """What the first block reads of each source, in pixels of the first source."""
    axes = [Axis(source.ratio, Fraction(0)) for source in sketch.sources]
    anchor = max(range(len(axes)), key=lambda i: (axes[i].ratio, -i))
    spans = []
    for axis in (0, 1):
        fields = [source.receptive_field[axis] for source in sketch.sources]
        starts = starts_about(axes, anchor, fields, sketch.expression_field[axis] * sketch.scale_factor * HALF)
        spans.append([(float(start * a.ratio), float(field * a.ratio)) for start, field, a in zip(starts, fields, axes, strict=True)])
    return [Box(left, top, width, height) for (left, width), (top, height) in zip(*spans, strict=True)]


def _given(sketch: Sketch) -> Box:
    width, height = (float(side * sketch.scale_factor) for side in sketch.expression_field)
    return Box(0, 0, width, height)


def _with_halo(sketch: Sketch) -> Box:
    (x, y), field = (float(side * sketch.scale_factor) for side in sketch.halo), _given(sketch)
    return Box(-x, -y, field.width + 2 * x, field.height + 2 * y)


@dataclass(frozen=True)
class _Place:
    """Where a panel stands, and how many CSS pixels a pixel of the first source has."""

    x: float
    y: float
    scale: float

    def of(self, box: Box) -> Box:
        """A box on the drawing."""
        return Box(self.x + box.left * self.scale, self.y + box.top * self.scale, box.width * self.scale, box.height * self.scale)


def _panel(sketch: Sketch, source: DrawnSource, window: Box, place: _Place, top: float) -> list[str]:
    read, field = place.of(window), place.of(_given(sketch))
    middle, bottom = (read.left + read.right) / 2, max(read.bottom, field.bottom)
    return [
        _text(middle, place.y + top - 8, _short(source.name), 'font-weight="bold"'),
        _rectangle(read, _BLUE, _PALE),
        _grid(read, float(source.ratio) * place.scale),
        _hatched(place.of(_with_halo(sketch))) if max(sketch.halo) else "",
        _rectangle(field, _RED),
        _found(field),
        *_dimension(read, bottom + 8, f"{_size(source.receptive_field)} pixels"),
        _text(middle, bottom + 34, _finer(source.ratio), 'font-size="11"'),
    ]


def _grid(box: Box, pixel: float) -> str:
    """The pixels of a source, where they are large enough to be seen."""
    if pixel < _SMALLEST_PIXEL:
        return ""
    down = (f"M{box.left + i * pixel:.2f} {box.top:.2f}v{box.height:.2f}" for i in range(1, round(box.width / pixel)))
    across = (f"M{box.left:.2f} {box.top + i * pixel:.2f}h{box.width:.2f}" for i in range(1, round(box.height / pixel)))
    return f'<path d="{"".join([*down, *across])}" stroke="{_BLUE}" stroke-width="0.6" stroke-opacity="0.55" fill="none"/>'


def _hatched(box: Box) -> str:
    """The halo: diagonals about what is kept, which is drawn over them."""
    lines = []
    for sum_of_both in range(round(box.left + box.top) + _HATCH, round(box.right + box.bottom), _HATCH):  # x + y is the same along one
        x, end = max(box.left, sum_of_both - box.bottom), min(box.right, sum_of_both - box.top)
        lines.append(f"M{x:.2f} {sum_of_both - x:.2f}L{end:.2f} {sum_of_both - end:.2f}")
    frame = f"M{box.left:.2f} {box.top:.2f}h{box.width:.2f}v{box.height:.2f}h{-box.width:.2f}z"
    return f'<path d="{frame}{"".join(lines)}" stroke="{_GREY}" stroke-width="1.2" stroke-opacity="0.8" fill="none"/>'


def _rectangle(box: Box, colour: str, opacity: float = 0.9) -> str:
    return (
        f'<rect x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" height="{box.height:.2f}" fill="{colour}"'
        f' fill-opacity="{opacity}" stroke="{colour}" stroke-width="1.2"/>'
    )


def _found(field: Box) -> str:
    """A ring about an expression field that is hard to see."""
    if max(field.width, field.height) >= _SMALLEST_FIELD:
        return ""
    x, y = (field.left + field.right) / 2, (field.top + field.bottom) / 2
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="9" fill="none" stroke="{_RED}" stroke-width="1.5"/>'


def _dimension(box: Box, y: float, label: str) -> list[str]:
    """A line with ends, as wide as a box, and how long that is."""
    ends = "".join(f"M{x:.2f} {y - 4:.2f}v8" for x in (box.left, box.right))
    line = f'<path d="M{box.left:.2f} {y:.2f}h{box.width:.2f}{ends}" stroke="currentColor" stroke-opacity="0.6" fill="none"/>'
    return [line, _text((box.left + box.right) / 2, y + 13, label)]


def _legend(sketch: Sketch, top: float) -> Iterable[str]:
    for i, (symbol, words) in enumerate(_entries(sketch)):
        box = Box(20, top + i * _LINE, 13, 13)
        yield {"field": _rectangle(box, _RED), "halo": _hatched(box), "window": _rectangle(box, _BLUE, _PALE)}[symbol]
        yield _text(42, box.top + 11, words, "", "start")
    if sketch.note:
        yield _text(20, top + len(_entries(sketch)) * _LINE + 11, sketch.note, 'font-style="italic" font-size="11"', "start")


def _entries(sketch: Sketch) -> list[tuple[str, str]]:
    finer = _finer(sketch.scale_factor)
    size = f"{finer} than source 1's" if finer else "as large as source 1's"
    field = f"expression field: {_size(sketch.expression_field)} output pixels, {size}"
    halo = f"halo: {_sides(sketch.halo)} on every side, computed and thrown away"
    window = ("window", "receptive field: what the model reads of a source for them")
    return [("field", field), ("halo", halo), window] if max(sketch.halo) else [("field", field), window]


def _finer(ratio: Fraction) -> str:
    if ratio == 1:
        return ""
    return f"{float(max(ratio, 1 / ratio)):.3g} times {'coarser' if ratio > 1 else 'finer'}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _text(x: float, y: float, words: str, more: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" {more}>{escape(words)}</text>' if words else ""


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _sides(halo: tuple[int, int]) -> str:
    sides = str(halo[0]) if halo[0] == halo[1] else _size(halo)
    return f"{sides} output pixel{'' if halo == (1, 1) else 's'}"

"""Which outputs are computed at once, and which pixels of every source they need.

Pure and exact arithmetic; the rule for windows is that of core/raster/alignment.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

import numpy as np

from ..errors import BadModel, BadParameter
from ..raster.alignment import HALF, Alignment, Axis, starts_about
from ..raster.grid import Window

Span = tuple[int, int]  # [first, last) along one axis


@dataclass(frozen=True)
class Block:
    """Outputs that are computed at once.

    Attributes:
        rows, cols: of EF blocks, counted from the reference's corner: all that hold an output of the window.
        window: the output pixels of it that are written, on the output grid of the whole reference; the EF blocks may reach over it.
    """

    rows: Span
    cols: Span
    window: Window


@dataclass(frozen=True)
class AxisPlan:
    """One axis of a plan.

    Attributes:
        sources: where each source's pixels lie.
        anchor: index of the coarsest source.
        fields: receptive field of each source, in its own pixels.
        expression_field: output pixels that the model gives at once.
        scale: spacing of the output ÷ spacing of the reference.
        halo: outputs on each side of what is asked for that the model gives for these windows too, and that are thrown away, because they
            depend on where the window ends.
        overlap: outputs that neighbouring EF blocks share.
    """

    sources: tuple[Axis, ...]
    anchor: int
    fields: tuple[int, ...]
    expression_field: int
    scale: Fraction
    halo: int = 0
    overlap: int = 0

    @property
    def step(self) -> int:
        """Outputs from one EF block to the next: block j covers the outputs [j·step, j·step + EF)."""
        return self.expression_field - self.overlap

    def holders(self, outputs: Span) -> Span:
        """The EF blocks that hold any of these outputs. At the image's borders they reach as far over it as inside it over each other, so
        that every output is held by as many."""
        return (outputs[0] - self.expression_field) // self.step + 1, ceil(Fraction(outputs[1], self.step))

    def starts(self, block: int) -> tuple[int, ...]:
        """First pixel of each source's window for one EF block."""
        centre = (block * self.step + self.expression_field * HALF) * self.scale
        return starts_about(self.sources, self.anchor, self.fields, centre)

    def windows(self, blocks: Span) -> tuple[Span, ...]:
        """What each source must give for the EF blocks: from the first window's start to the last window's end."""
        first, last = self.starts(blocks[0]), self.starts(blocks[1] - 1)
        return tuple((a, b + field) for a, b, field in zip(first, last, self.fields, strict=True))

    def steps(self) -> tuple[Fraction, ...]:
        """How far each source's window moves from one EF block to the next, in its pixels."""
        return tuple(self.step * self.scale / source.ratio for source in self.sources)

    def centres(self, outputs: Span, sizes: Sequence[int]) -> tuple[np.ndarray, ...]:
        """For each source (of these sizes), the pixel that stands for every output pixel: the one under its centre.

        An output pixel that reaches over the image, as the last one may, is taken by the part of it that lies inside.
        """
        return tuple(_middles(source, self.scale, outputs, size) for source, size in zip(self.sources, sizes, strict=True))


@dataclass(frozen=True)
class Plan:
    """How a model covers a window of the output grid.

    Attributes:
        rows, cols: the arithmetic of both axes.
        output: what is to be written, on the output grid of the whole reference.
    """

    rows: AxisPlan
    cols: AxisPlan
    output: Window

    def blocks(self, size: int) -> Iterator[Block]:
        """Blocks of about `size` output pixels on a side, in the order of rows; together they cover the output exactly once."""
        for row, height in _pieces(self.output.row, self.output.height, self.rows.step, size):
            for col, width in _pieces(self.output.col, self.output.width, self.cols.step, size):
                yield self.block(Window(row, col, height, width))

    def block(self, outputs: Window) -> Block:
        """The block that gives these outputs, wherever they are."""
        rows, cols = (outputs.row, outputs.row + outputs.height), (outputs.col, outputs.col + outputs.width)
        return Block(self.rows.holders(rows), self.cols.holders(cols), outputs)

    def count(self, size: int) -> int:
        """How many blocks of that size there are."""
        down = sum(1 for _ in _pieces(self.output.row, self.output.height, self.rows.step, size))
        return down * sum(1 for _ in _pieces(self.output.col, self.output.width, self.cols.step, size))

    def windows(self, block: Block) -> tuple[Window, ...]:
        """What each source must give for a block; may reach over its image."""
        down, across = self.rows.windows(block.rows), self.cols.windows(block.cols)
        return tuple(Window(top, left, bottom - top, right - left) for (top, bottom), (left, right) in zip(down, across, strict=True))

    def uneven_sources(self) -> list[int]:
        """Sources whose window does not move by whole pixels from one EF block to the next: fully convolutional mode cannot serve them."""
        pairs = zip(self.rows.steps(), self.cols.steps(), strict=True)
        return [i for i, (down, across) in enumerate(pairs) if down.denominator != 1 or across.denominator != 1]


def make_plan(
    alignment: Alignment,
    fields: Sequence[tuple[int, int]],
    expression_field: tuple[int, int],
    scale: Fraction,
    output: Window,
    halo: tuple[int, int] = (0, 0),
    overlap: int = 0,
) -> Plan:
    """A plan from a model's geometry.

    Args:
        fields: receptive field (height, width) of each source, in its pixels.
        expression_field: (height, width) in output pixels.
        scale: spacing of the output ÷ spacing of the reference.
        output: window of the output grid that is wanted.
        halo: (rows, cols) of outputs that the model gives on each side of a block besides.
        overlap: outputs that neighbouring expression fields share, down and across.

    Raises:
        BadModel: as many receptive fields as sources are needed.
        BadParameter: expression fields that would not move on.
    """
    if len(fields) != len(alignment.rows):
        raise BadModel("Receptive fields", expected=f"{len(alignment.rows)}, one a source", received=len(fields))
    if overlap >= min(expression_field):
        raise BadParameter(
            "Overlap",
            expected="smaller than the expression field {1} × {0}".format(*expression_field),
            received=overlap,
            remedy="Give a model of any size the receptive field and expression field to work in (advanced parameters), or no overlap.",
        )
    heights, widths = tuple(height for height, _ in fields), tuple(width for _, width in fields)
    return Plan(
        AxisPlan(alignment.rows, alignment.anchor, heights, expression_field[0], scale, halo[0], overlap),
        AxisPlan(alignment.cols, alignment.anchor, widths, expression_field[1], scale, halo[1], overlap),
        output,
    )


def _pieces(start: int, length: int, step: int, size: int) -> Iterator[Span]:
    """Cut [start, start + length) into pieces of about `size`: for each its start and its length.

    Pieces end where EF blocks start, so that no more of these than those that reach over are computed twice.
    """
    at_once = max(size // step, 1) * step
    end, low = start + length, start
    while low < end:
        high = min(low // step * step + at_once, end)
        yield low, high - low
        low = high


def _middles(source: Axis, scale: Fraction, outputs: Span, size: int) -> np.ndarray:
    """The source's pixel in the middle of each output pixel, or of the part of it within [0, size) if there is one.

    In whole numbers: edges are counted in parts of a source pixel, so that they are exact.
    """
    step, start = scale / source.ratio, -source.offset / source.ratio
    parts = lcm(step.denominator, start.denominator)
    exact = np.int64 if parts * (size + outputs[1] + 1) < 2**40 else object  # Python's own numbers where they may grow large
    edges = np.arange(outputs[0], outputs[1] + 1).astype(exact) * int(step * parts) + int(start * parts)
    low, high = np.maximum(edges[:-1], 0), np.minimum(edges[1:], size * parts)
    twice = np.where(low < high, low + high, edges[:-1] + edges[1:])
    middles: np.ndarray = (twice // (2 * parts)).astype(np.int64)
    return middles

"""Which block size is best, from the figures of a trial. Pure.

Two things differ between block sizes. *Time*: small blocks read and compute their margins again and again, large ones leave the reader
or the writer waiting at either end of the run; and a library may have a quick way for one size and not for the next (measured: the
benchmark's network of 80 × 80 pixels takes 3.4 times as long in blocks of 512 as in blocks of 768), which nothing but trying shows: a size
that was tried counts with its own time. *Memory*: it grows with the pixels of the windows, a + b · pixels by least squares, and so one may
look ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from ..raster.grid import Window
from ..stream import DEPTH
from .plan import AxisPlan, Plan

SIZES = (32, 64, 128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096)  # output pixels; whole tiles of the file that is written, if they can be
HELD = DEPTH + 2  # blocks beside the one that computes: in a queue, in the hand of the thread at its end, and that one's copy of it
MARGIN = 1.15  # of memory: for what the trial did not see
LOOK_AHEAD = 4  # times the largest size that was tried
UNTRIED = 1.05  # what a size that was not tried must be quicker by
EQUAL, USUAL = 1.03, 512  # of times so close, a tried size, the nearest to the usual one: the memory of a run is no matter of chance
BUSY = 1.1  # times as long as in a trial a block takes in a run, where others are read and written meanwhile (measured: 1.09 to 1.13)
WRITING_S = 3e-9  # for a byte of outputs, to round, deflate and write it (measured)
GAIN = 0.95  # of the time: less is not worth trying larger ones, which take memory
CALM_S = 3.0  # a block that takes longer than that keeps the progress bar waiting, and a cancel would cost the warm engine
SHARE, FEW_S, PART, LEAST_S = 0.02, 2.0, 0.1, 0.05  # a trial may take 2 % of the run, or two seconds if they are not over a tenth of it


@dataclass(frozen=True)
class Figure:
    """One block of the trial.

    Attributes:
        size: output pixels on a side that were asked for.
        pixels: of its windows, all sources together.
        seconds, reading: to compute it, and to read it before.
        held: bytes of the block while it waits in a queue, as pixels or as outputs.
        peaks: bytes at most while it was computed: host, and GPU if there is one.
    """

    size: int
    pixels: int
    seconds: float
    reading: float
    held: int
    peaks: tuple[int, ...]


@dataclass(frozen=True)
class Choice:
    """A block size, and the bytes that it is expected to need in each memory besides what the engine holds; `fits`: within the budget."""

    size: int
    needs: tuple[int, ...]
    fits: bool


def candidates(plan: Plan) -> list[int]:
    """Block sizes worth considering: whole steps from one expression field to the next, up to the first that holds all of the output."""
    step = max(plan.rows.step, plan.cols.step)
    sizes = sorted({max(size // step, 1) * step for size in SIZES})
    whole = next((i for i, size in enumerate(sizes) if plan.count(size) == 1), len(sizes) - 1)
    return sizes[: whole + 1]


def next_to_try(figures: Sequence[Figure], plan: Plan, rooms: Sequence[int], spent: float) -> int | None:
    """The size that the trial should go on with after `spent` seconds, or None where it should end: nothing is left to choose, no memory,
    no time, or no gain."""
    sizes = candidates(plan)
    if not figures:
        return sizes[0] if len(sizes) > 1 else None
    size = next((size for size in sizes if size > figures[-1].size), None)
    if size is None or not _fits(figures, plan, size, rooms) or _flat(figures, plan):
        return None
    last = figures[-1]
    costs = (last.seconds + last.reading) / last.pixels * window_pixels(plan, size)[1]
    return size if spent + costs <= _allowed(min(wall(figures, plan, size) for size in sizes)) else None


def choose(figures: Sequence[Figure], plan: Plan, rooms: Sequence[int]) -> Choice:
    """The quickest size that fits, or one that is as good; the smallest of all where none does, or where nothing was tried."""
    sizes = candidates(plan)
    if not figures:
        return Choice(sizes[0], (), True)
    fitting = [size for size in sizes if size <= LOOK_AHEAD * figures[-1].size and _fits(figures, plan, size, rooms)]
    calm = [size for size in fitting if _rate(figures, plan, size) * window_pixels(plan, size)[1] <= CALM_S] or fitting[:1]
    if not calm:
        return Choice(sizes[0], needs(figures, plan, sizes[0]), False)
    walls = {size: wall(figures, plan, size) for size in calm}
    quick = [size for size in calm if walls[size] <= EQUAL * min(walls.values())]
    tried = {figure.size for figure in figures}
    size = min(quick, key=lambda size: (size not in tried, abs(log(size / USUAL))))
    return Choice(size, needs(figures, plan, size), True)


def wall(figures: Sequence[Figure], plan: Plan, size: int) -> float:
    """Seconds that the run would take: to compute all blocks, to read the first, for which everything else waits, and to write the last."""
    (total, largest), last = window_pixels(plan, size), figures[-1]
    return _rate(figures, plan, size) * total + (last.reading + WRITING_S * last.held) / last.pixels * largest


def needs(figures: Sequence[Figure], plan: Plan, size: int) -> tuple[int, ...]:
    """Bytes that a run with this block size is expected to take in each memory, with the blocks that wait in the queues."""
    pixels = window_pixels(plan, size)[1]
    last = figures[-1]
    peaks = [_line(figures, memory, pixels) for memory in range(len(last.peaks))]
    return (peaks[0] + round(HELD * last.held / last.pixels * pixels), *peaks[1:])


def of_run(figures: Sequence[Figure], plan: Plan, size: int, seconds: float) -> Figure:
    """The figure of a size that a whole run was made with, which took so long to compute. The rest is as the others let expect."""
    total, largest = window_pixels(plan, size)
    part = largest / figures[-1].pixels
    peaks = tuple(_line(figures, memory, largest) for memory in range(len(figures[-1].peaks)))
    return Figure(size, largest, seconds / BUSY / total * largest, figures[-1].reading * part, round(figures[-1].held * part), peaks)


def window_pixels(plan: Plan, size: int) -> tuple[int, int]:
    """Pixels of the windows of all blocks, and of the largest one; all sources together. Exact where windows move by whole pixels."""
    down, tallest = _windows(plan.rows, plan.output.row, plan.output.height, size)
    across, widest = _windows(plan.cols, plan.output.col, plan.output.width, size)
    return int((down * across).sum()), int((tallest * widest).sum())


def trial_window(plan: Plan, size: int) -> Window:
    """Where a size is tried: in the middle of the output, where there is most likely data, from where an expression field starts."""
    output = plan.output
    row, height = _middle(output.row, output.height, plan.rows.step, size)
    col, width = _middle(output.col, output.width, plan.cols.step, size)
    return Window(row, col, height, width)


def _middle(start: int, length: int, step: int, size: int) -> tuple[int, int]:
    taken = min(size, length)
    first = max((start + (length - taken) // 2) // step * step, start)
    return first, min(taken, start + length - first)


def _windows(axis: AxisPlan, start: int, length: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """For every source, the lengths of all blocks' windows along one axis added up, and the longest."""
    at_once, end = max(size // axis.step, 1) * axis.step, start + length
    second = min(start // axis.step * axis.step + at_once, end)  # where the second block starts: the first may be short
    count, rest = divmod(end - second, at_once)
    spans = {(start, second): 1} | ({(second, second + at_once): count} if count else {}) | ({(end - rest, end): 1} if rest else {})
    lengths = np.array([[last - first for first, last in axis.windows(axis.holders(span))] for span in spans], np.int64)
    return np.array(list(spans.values())) @ lengths, lengths.max(axis=0)


def _line(figures: Sequence[Figure], memory: int, pixels: int) -> int:
    """a + b · pixels through the figures, neither below 0; never less than what a block of that size or a smaller one did need."""
    xs, ys = [figure.pixels for figure in figures], [figure.peaks[memory] for figure in figures]
    slope, start = np.polyfit(xs, ys, 1) if len(set(xs)) > 1 else (ys[-1] / xs[-1], 0.0)
    if start < 0 or slope < 0:
        slope, start = max(y / x for x, y in zip(xs, ys, strict=True)), 0.0
    seen = max((y for x, y in zip(xs, ys, strict=True) if x <= pixels), default=0)
    return max(round(slope * pixels + start), seen)


def _fits(figures: Sequence[Figure], plan: Plan, size: int, rooms: Sequence[int]) -> bool:
    """Whether the size needs no more than there is; the further ahead, the more it has to leave free."""
    margin = max(MARGIN, size / figures[-1].size)
    return all(margin * need <= room for need, room in zip(needs(figures, plan, size), rooms, strict=True))


def _rate(figures: Sequence[Figure], plan: Plan, size: int) -> float:
    """Seconds for a pixel of a window, in blocks of a size. One that was not tried is taken to be little slower than the best one that was:
    what it saves in margins is sure, nothing else is."""
    tried = next((figure for figure in figures if figure.size == size), None)
    known = tried or min(figures, key=lambda figure: figure.seconds / figure.pixels * window_pixels(plan, figure.size)[0])
    return known.seconds / known.pixels * (1 if tried else UNTRIED)


def _flat(figures: Sequence[Figure], plan: Plan) -> bool:
    """Whether the last two sizes gained nothing, or the last one, if it is no small one."""
    walls, beyond = [wall(figures, plan, figure.size) for figure in figures], 1 if figures[-1].size >= USUAL else 2
    return len(walls) > beyond and min(walls[-beyond:]) > GAIN * min(walls[:-beyond])


def _allowed(run: float) -> float:
    """Seconds that the trial of a run of so many seconds may take."""
    return max(SHARE * run, min(FEW_S, PART * run), LEAST_S)

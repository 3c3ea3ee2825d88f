"""The trial before a run: a few blocks of growing size are computed and measured, and the block size follows from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from ..errors import OutOfMemory
from ..jobs import ServeModel
from ..model.loading.load import LoadedModel
from ..reporting import Reporter, format_duration
from .blocksize import Choice, Figure, choose, next_to_try, of_run, trial_window
from .evaluate import BlockPixels, Outputs
from .gauge import Gauge
from .halving import out_of_memory
from .memory import MB, Budget
from .plan import Block, Plan
from .setup import Setup

SHORT_S = 0.5  # what takes less is timed twice: the first call with a shape prepares it, and takes fresh memory

Read = Callable[[Block], BlockPixels]
Compute = Callable[[BlockPixels], Outputs]

_known: WeakKeyDictionary[LoadedModel, dict[Hashable, list[Figure]]] = WeakKeyDictionary()  # a model that stays loaded is not tried again


def choose_block_size(job: ServeModel, setup: Setup, compute: Compute, budget: Budget, reporter: Reporter) -> int:
    """The user's block size, or the best one within the budget, measured on the image at hand; says in the log what and why."""
    if job.block_size:
        return job.block_size
    figures = _known.setdefault(setup.model, {}).setdefault(_way(job, setup), [])
    start, tried = time.perf_counter(), len(figures)
    try_sizes(figures, setup.plan, setup.reader(job.edges), compute, budget, reporter)
    choice = choose(figures, setup.plan, budget.rooms)
    how = f"{format_duration(time.perf_counter() - start)} of trial" if len(figures) > tried else "known from an earlier run"
    _say(choice, figures, budget, how, reporter)
    return choice.size


def learn(job: ServeModel, setup: Setup, size: int, seconds: float | None) -> None:
    """A whole run with a size that had no trial is one, for the runs that come: `seconds`, to compute all of its blocks."""
    figures = _known.get(setup.model, {}).get(_way(job, setup), [])
    if seconds is not None and figures and all(figure.size != size for figure in figures):
        figures.append(of_run(figures, setup.plan, size, seconds))
        figures.sort(key=lambda figure: figure.size)


def try_sizes(figures: list[Figure], plan: Plan, read: Read, compute: Compute, budget: Budget, reporter: Reporter) -> None:
    """Measure larger and larger blocks, as long as that is worth it; the figures are added to those that are there."""
    gauge, spent = Gauge(budget.gpu is not None), 0.0
    while (size := next_to_try(figures, plan, budget.rooms, spent)) is not None:
        reporter.check()
        try:
            figure = _measure(size, plan, read, compute, gauge)
        except Exception as error:
            if not out_of_memory(error):
                raise
            if not figures:
                raise OutOfMemory("Not even a small block fits in memory", remedy="Close other programs.", details=str(error)) from error
            return reporter.info(f"Blocks of {size} do not fit in memory.")
        figures.append(figure)
        spent += figure.seconds + figure.reading


def _measure(size: int, plan: Plan, read: Read, compute: Compute, gauge: Gauge) -> Figure:
    block = plan.block(trial_window(plan, size))
    with gauge:
        start = time.perf_counter()
        pixels = read(block)
        reading = time.perf_counter() - start
        seconds, held = _timed(compute, pixels)
        if seconds < SHORT_S:
            seconds = min(seconds, _timed(compute, pixels)[0])
    held = max(held, sum(array.nbytes for array in pixels.sources))
    count = sum(window.height * window.width for window in plan.windows(block))
    return Figure(size, count, seconds, reading, held, gauge.peaks)


def _timed(compute: Compute, pixels: BlockPixels) -> tuple[float, int]:
    """Seconds that it took, and bytes that came out."""
    start = time.perf_counter()
    outputs = compute(pixels)
    return time.perf_counter() - start, sum(array.nbytes for array in outputs.values())


def _way(job: ServeModel, setup: Setup) -> Hashable:
    """All that time and memory depend on, but for the image itself."""
    return replace(job, sources=(), products=(), extent=None, mask="", memory=0), setup.wanted, setup.plan.rows, setup.plan.cols


def _say(choice: Choice, figures: Sequence[Figure], budget: Budget, how: str, reporter: Reporter) -> None:
    if not choice.needs:
        return reporter.info(f"Block size {choice.size} output pixels: all of the output at once.")
    rooms = [f"{need / MB:.0f} of {room / MB:.0f} MB" for need, room in zip(choice.needs, budget.rooms, strict=True)]
    needed = " and ".join(f"{room} {where}" for room, where in zip(rooms, ("of memory", "on the GPU"), strict=False))
    if not choice.fits:
        return reporter.warn(f"Even blocks of {choice.size} output pixels are expected to need {needed}: more than the budget.")
    tried = "; ".join(f"{f.size}: {f.seconds / f.pixels * 1e9:.0f} ns a pixel read, {f.peaks[-1] / MB:.0f} MB" for f in figures)
    reporter.info(f"Block size {choice.size} output pixels: expected to need {needed} ({how}; {tried}).")

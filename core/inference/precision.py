"""PRECISION=fast: half-size numbers for a run, where the device gains from them and the values stay what they are."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..jobs import ServeModel
from ..model.mixed import half_type, mixed_precision
from ..reporting import Reporter
from .dense import largest_difference
from .evaluate import BlockPixels, Evaluator, Outputs
from .places import places
from .plan import Block

PLACES = 3
SMALLEST, LARGEST = 32, 512  # output pixels on a side of the first and the last try
TELLING_S = 0.1  # a block that takes so long tells the speed
WORTH = 0.9  # of the time in full precision: a device that has no such numbers emulates them, and is slower


@dataclass(frozen=True)
class Comparison:
    """Fast against full on the same blocks: what each output became, in words, and times in seconds."""

    words: tuple[str, ...]
    finite: bool
    full_s: float
    fast_s: float


def fast_if_it_pays(
    job: ServeModel, evaluator: Evaluator, read: Callable[[Block], BlockPixels], exits: contextlib.ExitStack, reporter: Reporter
) -> bool:
    """Turn mixed precision on until `exits` closes, if the job asks for it, this device is faster with it and no value overflows; whether
    it is on."""
    if job.precision != "fast":
        return False
    found = _compare(evaluator, read)
    if found.fast_s > WORTH * found.full_s:
        reporter.warn(
            f"This device gains nothing from {half_type()} ({found.fast_s:.3g} s a block instead of {found.full_s:.3g} s): "
            "full precision is used."
        )
    elif not found.finite:
        reporter.warn(f"Values overflow in {half_type()}: full precision is used.")
    else:
        exits.enter_context(mixed_precision())
        reporter.info(f"Precision: {half_type()}, {found.full_s / found.fast_s:.2f} times as fast. {' '.join(found.words)}")
        return True
    return False


def _compare(evaluator: Evaluator, read: Callable[[Block], BlockPixels]) -> Comparison:
    side = SMALLEST
    while side < LARGEST and _timed(evaluator, [read(next(places(evaluator.plan, 1, side)))])[1] < TELLING_S:
        side *= 2
    blocks = [read(block) for block in places(evaluator.plan, PLACES, side)]
    full, full_s = _timed(evaluator, blocks)
    with mixed_precision():
        _, fast_s = _timed(evaluator, blocks[:1])
        if fast_s > WORTH * full_s:  # the values are of no interest then
            return Comparison((), True, full_s, fast_s)
        fast, fast_s = _timed(evaluator, blocks)
    finite = all(np.isfinite(fast[i][name]).all() for i, outputs in enumerate(full) for name in outputs if np.isfinite(outputs[name]).all())
    return Comparison(tuple(_in_words(name, full, fast) for name in full[0]), finite, full_s, fast_s)


def _timed(evaluator: Evaluator, blocks: list[BlockPixels]) -> tuple[list[Outputs], float]:
    """The outputs, and the shortest time of a block after the first, which TensorFlow takes to rewrite the graph."""
    results, times = [evaluator(blocks[0])], []
    for block in blocks:
        start = time.perf_counter()
        results.append(evaluator(block))
        times.append(time.perf_counter() - start)
    return results[1:], min(times)


def _in_words(name: str, full: list[Outputs], fast: list[Outputs]) -> str:
    pairs = list(zip(full, fast, strict=True))
    if np.issubdtype(full[0][name].dtype, np.floating):
        error = max(largest_difference({name: one[name]}, {name: other[name]}) for one, other in pairs)
        return f"{name}: at most {error:.2g} of the largest value off, on {PLACES} blocks."
    equal = np.mean([np.mean(one[name] == other[name]) for one, other in pairs])
    return f"{name}: {equal:.2%} of the values equal, on {PLACES} blocks."

"""Which pixels an element of a tensor depends on: exact, pure arithmetic along one axis.

Along one axis, what a network's tensor sees of an input repeats itself. A `Reach` writes one period down: element q·n + i, where n is
the number of its spans, depends on

    the input's pixels [spans[i].start + q·step, spans[i].end + q·step)

so that step ÷ n is the *jump* of Araujo, Norris & Sim, *Computing Receptive Fields of Convolutional Neural Networks* (Distill, 2019),
and a span is a receptive field with its place. Theirs is the case n = 1; what upsamples needs more: the children of a pixel see the same.

A layer alone is a Reach too, from its output's elements to its input's; a network is layers composed (`after`). Axes are endless
here: where tensors begin, and what padding does to their ends, is for core/model/geometry/trace.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, gcd, lcm

Span = tuple[int, int]  # [start, end)
HALF = Fraction(1, 2)


class DifferentJumps(ValueError):
    """Tensors whose elements lie at different distances cannot be joined: an error of the model."""


@dataclass(frozen=True)
class Reach:
    """What every element depends on. `spans` is never longer than needed: make one with `Reach.of`, or with the functions below.

    Attributes:
        step: pixels from one period to the next.
        spans: of the first elements; None for one that depends on nothing.
    """

    step: int
    spans: tuple[Span | None, ...]

    @classmethod
    def of(cls, step: int, spans: tuple[Span | None, ...]) -> Reach:
        """The same with the shortest period."""
        count = len(spans)
        for shorter in (d for d in range(1, count) if count % d == 0 and step * d % count == 0):
            part = step * shorter // count
            if all(spans[i] == _shift(spans[i - shorter], part) for i in range(shorter, count)):
                return cls(part, spans[:shorter])
        return cls(step, spans)

    @property
    def period(self) -> int:
        """n: after so many elements, the same comes again `step` pixels further."""
        return len(self.spans)

    @property
    def jump(self) -> Fraction:
        """Pixels from one element to the next, on average."""
        return Fraction(self.step, self.period)

    def at(self, element: int) -> Span | None:
        """What one element depends on."""
        periods, index = divmod(element, self.period)
        return _shift(self.spans[index], periods * self.step)

    def hull(self, elements: Span) -> Span | None:
        """The smallest span that holds what these elements depend on."""
        return _hull([self.at(element) for element in range(*elements)])

    def after(self, inner: Reach) -> Reach:
        """This, on a tensor that itself reaches `inner`."""
        periods = inner.period // gcd(self.step, inner.period)
        spans = (self.at(element) for element in range(self.period * periods))
        through = tuple(None if span is None else inner.hull(span) for span in spans)
        return Reach.of(self.step * periods // inner.period * inner.step, through)

    def joined(self, other: Reach) -> Reach:
        """The reach of an element-wise join, or of bands put together.

        Raises:
            DifferentJumps: the elements do not stay together.
        """
        if self.jump != other.jump:
            raise DifferentJumps(f"elements every {self.jump} and every {other.jump} pixels")
        count = lcm(self.period, other.period)
        spans = tuple(_hull([self.at(element), other.at(element)]) for element in range(count))
        return Reach.of(self.step * count // self.period, spans)


IDENTITY = Reach(1, ((0, 1),))


def window(size: int, stride: int = 1, dilation: int = 1, before: int = 0) -> Reach:
    """A convolution or pooling; `before`: elements of padding in front of the first."""
    return Reach(stride, ((-before, (size - 1) * dilation + 1 - before),))


def transposed(size: int, stride: int, before: int = 0) -> Reach:
    """A transposed convolution, cut by `before` elements in front: element o sees every i with 0 ≤ o + before − i·stride < size."""
    spans = (_span(-((size - 1 - o - before) // stride), (o + before) // stride + 1) for o in range(stride))
    return Reach.of(1, tuple(spans))


def shifted(by: int) -> Reach:
    """Cropping by `by` elements in front; below 0: padding."""
    return Reach(1, ((by, by + 1),))


def repeated(times: int) -> Reach:
    """Every element `times` times; depth to space, too."""
    return nearest(Fraction(1, times), half_pixel=False)


def nearest(ratio: Fraction, half_pixel: bool) -> Reach:
    """Nearest-neighbour resizing; `ratio`: input elements for an output element."""
    centre = HALF if half_pixel else Fraction(0)
    return _resized(ratio, lambda i: _one(floor((i + centre) * ratio)))


def interpolated(ratio: Fraction, half_pixel: bool, radius: int) -> Reach:
    """Interpolation with a kernel that is 0 at whole distances and beyond `radius` elements: 1 for bilinear, 2 for bicubic."""
    centre = HALF if half_pixel else Fraction(0)

    def span(i: int) -> Span:
        place = (i + centre) * ratio - centre
        return _one(int(place)) if place.denominator == 1 else (floor(place) - radius + 1, floor(place) + radius + 1)

    return _resized(ratio, span)


def smoothed(ratio: Fraction, radius: Fraction) -> Reach:
    """Resizing, half-pixel, with a kernel of this radius that is stretched where the result is coarser (anti-aliasing)."""
    stretched = radius * max(ratio, Fraction(1))

    def span(i: int) -> Span:
        place = (i + HALF) * ratio - HALF
        return floor(place - stretched) + 1, ceil(place + stretched)

    return _resized(ratio, span)


def averaged(ratio: Fraction) -> Reach:
    """Resizing by the mean over the area of an output element."""
    return _resized(ratio, lambda i: (floor(i * ratio), ceil((i + 1) * ratio)))


def _resized(ratio: Fraction, span: Callable[[int], Span]) -> Reach:
    return Reach.of(ratio.numerator, tuple(span(i) for i in range(ratio.denominator)))


def _one(element: int) -> Span:
    return element, element + 1


def _span(start: int, end: int) -> Span | None:
    return (start, end) if start < end else None


def _shift(span: Span | None, by: int) -> Span | None:
    return None if span is None else (span[0] + by, span[1] + by)


def _hull(spans: list[Span | None]) -> Span | None:
    found = [span for span in spans if span is not None]
    return (min(start for start, _ in found), max(end for _, end in found)) if found else None

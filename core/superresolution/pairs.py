"""Pairs of patches: the same ground in coarse and in fine pixels, from two images or from one; a third, the guide, may help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter
from ..training.data.patches import Patches
from .degradation import degraded, inner, rim
from .registration import shift_between

Inputs = tuple[np.ndarray, ...]  # what a network is given: the coarse patches, and the guide's if there is one
Pair = tuple[Inputs, np.ndarray]  # and the fine ones; each (samples, rows, cols, bands) in float32

LEAST = 8  # coarse pixels of a patch, along each side: fewer are nearly all edge
SAMPLED_BYTES = 64_000_000  # of patches that are looked at before the training begins


@dataclass(frozen=True)
class Radiometry:
    """What makes the fine image look as the coarse sensor sees it, in each band: gain · value + offset."""

    gain: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True)
class Pairing:
    """How patches become pairs.

    Attributes:
        factor: how many times finer.
        mtf: of the coarser sensor, at its Nyquist frequency.
        given: the coarse patches are given; else they are made of the fine ones.
        guided: patches of other bands, as fine as what is to be made, are a second input (fusion).
        radiometry: of the fine patches; None: as they are.
    """

    factor: int
    mtf: float
    given: bool
    guided: bool = False
    radiometry: Radiometry | None = None

    def __call__(self, patches: Sequence[np.ndarray]) -> Pair:
        """The pair of patches (fine[, coarse][, guide]).

        Made ones are smaller by the rim whose blur would need neighbours, on all sides of the pair.
        """
        fine, *others = (part.astype(np.float32) for part in patches)
        if self.radiometry:
            fine = (fine * self.radiometry.gain + self.radiometry.offset).astype(np.float32)
        if self.given:
            return tuple(others), fine
        edge = rim(self.factor, self.mtf)
        guides = (inner(degraded(part, self.factor, self.mtf), 1, edge * (self.factor - 1)) for part in others)
        return (degraded(fine, self.factor, self.mtf), *guides), inner(fine, self.factor, edge)

    def check(self, shapes: Sequence[tuple[int, int, int]]) -> None:
        """Whether patches of (rows, cols, bands) can be paired.

        Raises:
            BadParameter: sizes whose ratio is not the factor, other bands, or too few pixels.
        """
        fine = shapes[0]
        if self.given and (_times(shapes[1], self.factor) != fine[:2] or shapes[1][2] != fine[2]):
            raise BadParameter(
                "The fine patches do not fit the coarse ones",
                expected=f"{self.factor} times as many rows and columns, and the same bands",
                received=f"{_told(shapes[1])} coarse, {_told(fine)} fine",
                remedy="Extract both at the same points, with PATCH SIZE in the ratio of FACTOR.",
            )
        finer = 1 if self.given else self.factor
        if self.guided and _times(fine, finer) != shapes[-1][:2]:
            raise BadParameter(
                "The guide's patches do not fit the fine ones",
                expected="as many rows and columns" if finer == 1 else f"{finer} times as many, as the fine patches are made coarser, too",
                received=f"{_told(shapes[-1])}, {_told(fine)} fine",
            )
        lost = 0 if self.given else rim(self.factor, self.mtf)
        if min(fine[:2]) // self.factor - 2 * lost < LEAST:
            least = (LEAST + 2 * lost) * self.factor
            raise BadParameter("The fine patches", expected=f"at least {least} × {least} pixels", received=_told(fine))


def sampled(patches: Patches) -> list[list[np.ndarray]]:
    """Some patches from all over the images, one list of arrays each, within a fixed memory whatever there is."""
    size = sum(int(np.prod(shape)) * 4 for shape in patches.shapes)
    count = max(min(SAMPLED_BYTES // size, patches.count), 1)
    places = np.linspace(0, patches.count - 1, count).astype(int)
    return [patches.read(int(place), int(place) + 1) for place in places]


def shifts(coarse: np.ndarray, fine: np.ndarray, factor: int, mtf: float) -> list[tuple[float, float]]:
    """How far the fine patch of each pair lies from its coarse one, (down, to the right) in coarse pixels."""
    edge = rim(factor, mtf)
    seen = degraded(fine, factor, mtf)
    return [shift_between(given, found) for given, found in zip(inner(coarse, 1, edge), seen, strict=True)]


def fit_radiometry(coarse: Sequence[np.ndarray], fine: Sequence[np.ndarray], factor: int, mtf: float) -> Radiometry:
    """The line of each band, by least squares, that brings the fine patches to the values of the coarse ones; 1 where nothing varies."""
    edge = rim(factor, mtf)
    wanted = np.concatenate([inner(part, 1, edge).reshape(-1, part.shape[-1]) for part in coarse]).astype(np.float64)
    given = np.concatenate([degraded(part, factor, mtf).reshape(-1, part.shape[-1]) for part in fine]).astype(np.float64)
    varying, meant = given - given.mean(axis=0), wanted - wanted.mean(axis=0)
    squares = (varying**2).sum(axis=0)
    gain = np.where(squares > 0, (varying * meant).sum(axis=0) / np.where(squares > 0, squares, 1.0), 1.0)
    return Radiometry(gain, wanted.mean(axis=0) - gain * given.mean(axis=0))


def _times(shape: tuple[int, int, int], factor: int) -> tuple[int, int]:
    return shape[0] * factor, shape[1] * factor


def _told(shape: tuple[int, int, int]) -> str:
    return f"{shape[1]} × {shape[0]} pixels of {shape[2]} bands"

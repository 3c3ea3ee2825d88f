"""Samples that show what a model gets right and what it gets wrong, and what is drawn of them in the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib import colormaps

from ...model.heads import CLASSES
from ...painting import NO_DATA, natural_bands, stretched
from ..data.prepare import Data, Goal
from ..learner import Learner
from .sheets import Frame, Tile, Triple

MOST = 24  # right ones, and as many wrong ones
EACH = 4  # maps of a kind: best, worst, and spread between
EACH_NUMBER = 8  # the same of measurements
MOST_BESIDE = 2  # measurements under a patch
MOST_SIDE = 256  # pixels of a patch on a sheet; larger ones are thinned out
Paint = Callable[[np.ndarray], np.ndarray]  # a map of indices or measurements → its colours


@dataclass(frozen=True)
class Shown:
    """A sample of the data: the patch of source 1 for the eye, its (rows, cols), its truth, and what the first head answers."""

    picture: np.ndarray
    size: tuple[int, int]
    target: np.ndarray
    answer: np.ndarray
    right: float


@dataclass(frozen=True)
class Album:
    """Samples of which patches are looked at.

    Args:
        bands: names of the bands of source 1; empty if unknown.
        right: how right each of them is (core/training/measure.py).
    """

    learner: Learner
    data: Data
    bands: tuple[str, ...]
    right: np.ndarray

    @property
    def goal(self) -> Goal:
        """Of the first head."""
        return self.data.goals[0]

    def look(self, groups: Sequence[Sequence[int]]) -> list[list[Shown]]:
        """The samples of every group, stretched together so that they can be compared."""
        batches = [self.data.feed.batch(index, index + 1) for group in groups for index in group]
        if not batches:
            return [[] for _ in groups]
        answers = [self.learner.infer(batch).answers[0][0] for batch in batches]
        pictures = _for_the_eye([batch.sources[0][0] for batch in batches], self.bands)
        shown = (
            Shown(picture, batch.sources[0].shape[1:3], batch.targets[0][0], answer, float(self.right[batch.indices[0]]))
            for picture, batch, answer in zip(pictures, batches, answers, strict=True)
        )
        return [[next(shown) for _ in group] for group in groups]


def _for_the_eye(patches: Sequence[np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
    bands = list(natural_bands(names or [""] * patches[0].shape[-1]))
    thin = -(-max(patches[0].shape[:2]) // MOST_SIDE)
    stack = np.concatenate([patch[::thin, ::thin][:, :, bands] for patch in patches])
    return np.split(stretched(stack, np.ones(stack.shape[:2], bool)), len(patches))


def spread(labels: np.ndarray, mask: np.ndarray, most: int) -> list[int]:
    """Up to `most` indices where the mask is set: as many of every class, and within a class evenly from its first to its last."""
    classes = np.unique(labels[mask])
    each, picked = max(1, most // max(len(classes), 1)), []
    for label in classes:
        picked += evenly(np.flatnonzero(mask & (labels == label)).tolist(), each)
    return picked[:most]


def evenly(items: Sequence[int], most: int) -> list[int]:
    """Up to so many of them, evenly from the first to the last."""
    if len(items) <= most:
        return list(items)
    return [items[place] for place in np.linspace(0, len(items) - 1, most).round().astype(int)]


def extremes(right: np.ndarray, each: int) -> tuple[list[int], list[int], list[int]]:
    """The best samples, the worst, and some spread evenly over the ranks between; none is in two of them. NaN has no rank."""
    ranked = [int(index) for index in np.argsort(-right, kind="stable") if np.isfinite(right[index])]
    take = min(each, -(-len(ranked) // 3))
    best, rest = ranked[:take], ranked[take:]
    worst = rest[-take:][::-1] if rest else []
    return best, worst, evenly(rest[: len(rest) - len(worst)], each)


def right_and_wrong(album: Album, labels: np.ndarray) -> tuple[list[Tile], list[Tile]]:
    """Patches that were classified rightly, and patches that were taken for another class. `labels`: the class of each sample."""
    groups = [spread(labels, (labels >= 0) & (album.right == side), MOST) for side in (1, 0)]
    names = [c.name for c in album.goal.classes]
    right, wrong = album.look(groups)
    return (
        [Tile(s.picture, names[int(s.target)], "✓", True) for s in right],
        [Tile(s.picture, names[int(s.target)], f"→ {names[int(s.answer)]}", False) for s in wrong],
    )


def numbers_beside(album: Album) -> tuple[list[Tile], ...]:
    """Patches with their measurements and the model's estimates: the best, the worst, and some between."""
    return tuple([_numbered(shown) for shown in group] for group in album.look(extremes(album.right, EACH_NUMBER)))


def _numbered(shown: Shown) -> Tile:
    pairs = list(zip(shown.target.ravel().tolist(), shown.answer.ravel().tolist(), strict=True))[:MOST_BESIDE]
    above, below = ([f"{pair[side]:.3g}" for pair in pairs] for side in (0, 1))
    return Tile(shown.picture, ", ".join(above), f"→ {', '.join(below)}")


@dataclass(frozen=True)
class Maps:
    """Image, truth and answer of maps: the best, the worst, and some between. `limits`: of measurements, the values that are shown darkest
    and brightest; None of classes."""

    best: list[Triple]
    worst: list[Triple]
    between: list[Triple]
    limits: tuple[float, float] | None = None


def maps_beside(album: Album, scale_factor: float) -> Maps:
    """Maps to look at.

    Args:
        scale_factor: spacing of the answer over spacing of source 1.
    """
    groups = album.look(extremes(album.right, EACH))
    if album.goal.head.kind == CLASSES:
        colours, limits, unit = np.array([*([v / 255 for v in c.colour] for c in album.goal.classes), NO_DATA]), None, "right"
        paint: Paint = lambda indices: colours[indices]  # noqa: E731  UNKNOWN, −1, is the last one
    else:
        limits, unit = _limits([shown for group in groups for shown in group]), "mean error"
        paint = partial(_shades, limits=limits)
    best, worst, between = ([_triple(shown, paint, scale_factor, unit) for shown in group] for group in groups)
    return Maps(best, worst, between, limits)


def _triple(shown: Shown, paint: Paint, scale_factor: float, unit: str) -> Triple:
    caption = f"answer: {100 * shown.right:.0f} % right" if unit == "right" else f"answer, error {-shown.right:.3g}"
    return Triple(shown.picture, paint(shown.target), paint(shown.answer), caption, _frame(shown, scale_factor))


def _frame(shown: Shown, scale_factor: float) -> Frame | None:
    """What the answer covers of the picture, about the same sample (core/training/data/truth.py, `cut`)."""
    (rows, cols), covered = shown.size, [side * scale_factor for side in shown.target.shape[:2]]
    if covered[0] >= rows and covered[1] >= cols:
        return None
    thin = rows / shown.picture.shape[0]
    top, left = rows // 2 - covered[0] // 2, cols // 2 - covered[1] // 2
    return left / thin, top / thin, covered[1] / thin, covered[0] / thin


def _limits(samples: Sequence[Shown]) -> tuple[float, float]:
    values = np.concatenate([part[..., 0].ravel() for shown in samples for part in (shown.target, shown.answer)])
    low, high = np.nanpercentile(values, (1, 99))
    return float(low), float(high)


def _shades(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """The first measurement of a map in colours; light grey where it is unknown."""
    first = values[..., 0]
    painted = colormaps["cividis"](np.clip((first - limits[0]) / max(limits[1] - limits[0], 1e-12), 0, 1))[..., :3]
    painted[~np.isfinite(first)] = NO_DATA
    return painted

"""Which samples the report shows, and what is drawn of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.classes import make_classes
from core.model.heads import CLASSES, LINEAR, SOFTMAX, VALUES, Head
from core.painting import NO_DATA
from core.training.data.feed import Batch
from core.training.data.prepare import Data, Goal
from core.training.data.truth import Truth
from core.training.learner import Inferred
from core.training.report.examples import Album, evenly, extremes, maps_beside, numbers_beside, right_and_wrong, spread
from core.training.report.sheets import contact_sheet, triple_sheet

LAND = make_classes([(1, "water"), (5, "forest"), (9, "town")])


class Images:
    """Stands for a feed; and for a learner, whose answers are given."""

    def __init__(self, targets: np.ndarray, answers: np.ndarray, side: int) -> None:
        self._targets, self._answers, self._side, self.count = targets, answers, side, len(targets)

    def batch(self, start: int, stop: int) -> Batch:
        rng = np.random.default_rng(start)
        pixels = rng.normal(1000, 100, (stop - start, self._side, self._side, 4)).astype(np.float32)
        return Batch(np.arange(start, stop), [pixels], [self._targets[start:stop]])

    def infer(self, batch: Batch) -> Inferred:
        return Inferred(0.0, [self._answers[batch.indices]])


def album(kind: str, targets: np.ndarray, answers: np.ndarray, right: Sequence[float], size: Any = None, side: int = 8) -> Album:
    images = Images(targets, answers, side)
    classes, names = (LAND, ()) if kind == CLASSES else ((), ("height", "age")[: targets.shape[-1]])
    head = Head("head", kind, 3, SOFTMAX if kind == CLASSES else LINEAR)
    goal = Goal(head, Truth(classes, np.empty((2, 0), np.int64), size), classes, names, None)  # type: ignore[arg-type]
    return Album(images, Data(images, (goal,), 1), (), np.asarray(right, np.float32))  # type: ignore[arg-type]


def test_every_class_is_shown() -> None:
    labels = np.array([0] * 100 + [1] * 2 + [2] * 50)
    mask = np.ones(len(labels), bool)
    mask[0] = False
    picked = spread(labels, mask, 9)
    assert len(picked) == len(set(picked)) <= 9 and 0 not in picked
    assert set(labels[picked]) == {0, 1, 2}
    assert picked[0] == 1 and 99 in picked  # from the first to the last of a class
    assert spread(labels, np.zeros(len(labels), bool), 9) == []
    assert len(spread(np.arange(50), np.ones(50, bool), 9)) == 9  # more classes than places


@given(
    arrays.arrays(np.float32, st.integers(0, 40), elements=st.floats(-9, 1, width=32, allow_subnormal=False) | st.just(np.nan)),
    st.integers(1, 9),
)
def test_the_best_are_better_than_what_is_between_and_that_than_the_worst(right: np.ndarray, each: int) -> None:
    best, worst, between = extremes(right, each)
    shown = [*best, *worst, *between]
    known = int(np.isfinite(right).sum())
    assert len(shown) == len(set(shown)) == min(known, 3 * each) and np.isfinite(right[shown]).all()
    assert max(len(best), len(worst), len(between)) <= each
    for better, other in ((best, between), (between, worst), (best, worst)):
        if better and other:
            assert right[better].min() >= right[other].max()
    assert not best or right[best[0]] == np.nanmax(right)
    assert not worst or right[worst[0]] == np.nanmin(right)  # the very worst comes first


@given(st.lists(st.integers(), max_size=30), st.integers(2, 9))
def test_evenly_from_the_first_to_the_last(items: list[int], most: int) -> None:
    picked = evenly(items, most)
    assert len(picked) == min(len(items), most)
    assert not items or (picked[0], picked[-1]) == (items[0], items[-1])


def test_patches_right_and_wrong() -> None:
    targets = np.array([0, 1, 2, -1, 1], np.int32)
    answers = np.array([0, 2, 2, 1, 1], np.int32)
    right, wrong = right_and_wrong(album(CLASSES, targets, answers, [1, 0, 1, np.nan, 1]), targets)
    assert [(tile.above, tile.below, tile.right) for tile in right] == [("water", "✓", True), ("forest", "✓", True), ("town", "✓", True)]
    assert [(tile.above, tile.below, tile.right) for tile in wrong] == [("forest", "→ town", False)]
    assert all(tile.picture.shape == (8, 8, 3) and 0 <= tile.picture.min() <= tile.picture.max() <= 1 for tile in right)
    assert contact_sheet(right).startswith(b"\x89PNG")


def test_maps_in_the_colours_of_their_classes() -> None:
    truth = np.zeros((5, 4, 4), np.int32)
    truth[:, 0] = -1
    answer = np.full((5, 4, 4), 2, np.int32)
    maps = maps_beside(album(CLASSES, truth, answer, [0.5, 0.1, 0.9, np.nan, 0.7], size=(4, 4)), 1.0)
    assert [len(group) for group in (maps.best, maps.worst, maps.between)] == [2, 2, 0] and maps.limits is None
    triple = maps.best[0]
    assert triple.caption == "answer: 90 % right"
    np.testing.assert_allclose(triple.truth[1, 1], np.array(LAND[0].colour) / 255)
    np.testing.assert_allclose(triple.truth[0, 1], NO_DATA)
    np.testing.assert_allclose(triple.answer[0, 0], np.array(LAND[2].colour) / 255)
    assert triple.frame == (2.0, 2.0, 4.0, 4.0)  # the middle of 8 × 8 pixels
    assert triple_sheet(maps.best).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("side", "scale", "frame"), [(8, 2.0, None), (4, 1.0, None), (9, 2.0, (0, 0, 8, 8)), (512, 1.0, (127.0, 127.0, 2.0, 2.0))]
)
def test_the_frame_is_what_the_answer_covers(side: int, scale: float, frame: Any) -> None:
    truth = np.zeros((1, 4, 4), np.int32)
    (triple,) = maps_beside(album(CLASSES, truth, truth, [1.0], size=(4, 4), side=side), scale).best
    assert triple.frame == frame
    assert max(triple.image.shape) <= 256


def test_maps_of_measurements_share_their_shades() -> None:
    truth = np.linspace(0, 10, 3 * 16, dtype=np.float32).reshape(3, 4, 4, 1)
    truth[0, 0, 0] = np.nan
    maps = maps_beside(album(VALUES, truth, truth + 1, [-1.0, -2.0, -3.0], size=(4, 4)), 1.0)
    assert maps.limits is not None and 0 < maps.limits[0] < maps.limits[1] < 11
    np.testing.assert_allclose(maps.best[0].truth[0, 0], NO_DATA)
    assert maps.worst[0].caption == "answer, error 3"
    assert maps.worst[0].answer[..., :3].mean() > maps.best[0].answer[..., :3].mean()  # larger is brighter


def test_numbers_stand_beside_patches_of_measurements() -> None:
    targets = np.array([[12.3456, 1], [2, 2]], np.float32)
    best, worst, between = numbers_beside(album(VALUES, targets, targets + 1, [-3.0, -1.0]))
    assert [(tile.above, tile.below) for tile in (*best, *worst)] == [("2, 2", "→ 3, 3"), ("12.3, 1", "→ 13.3, 2")] and not between

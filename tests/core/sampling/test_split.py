from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadParameter
from core.raster.grid import Grid
from core.sampling import areas
from core.sampling.areas import Areas
from core.sampling.split import totals_by_side, validation_groups

COUNTS = st.dictionaries(st.tuples(st.integers(-3, 40), st.sampled_from("abc")), st.integers(1, 1000), min_size=1, max_size=60)


@settings(max_examples=60)
@given(COUNTS, st.integers(5, 95), st.integers(0, 9))
def test_whole_groups_and_every_candidate_on_one_side(counts: dict[tuple[int, str], int], percent: int, seed: int) -> None:
    chosen = validation_groups(counts, percent / 100, seed)
    assert (np.diff(chosen) > 0).all() and set(chosen.tolist()) <= {group for group, _ in counts}
    training, validation = totals_by_side(counts, chosen)
    for label in {label for _, label in counts}:
        total = sum(count for (_, other), count in counts.items() if other == label)
        assert training.get(label, 0) + validation.get(label, 0) == total


@settings(max_examples=60)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40), st.integers(5, 95), st.integers(0, 9))
def test_no_single_move_brings_the_share_nearer(sizes: list[int], percent: int, seed: int) -> None:
    counts = {(group, "a"): size for group, size in enumerate(sizes)}
    chosen = set(validation_groups(counts, percent / 100, seed).tolist())
    total, held = sum(sizes), sum(sizes[group] for group in chosen)
    assert 0 < held < total  # two groups or more: neither side is empty
    for group, size in enumerate(sizes):
        after = held - size if group in chosen else held + size
        assert after in (0, total) or abs(after / total - percent / 100) >= abs(held / total - percent / 100) - 1e-9


def test_many_groups_meet_the_share_of_every_class() -> None:
    rng = np.random.default_rng(1)
    counts = {(group, "abcdefgh"[group % 8]): int(rng.lognormal(5, 1.5)) + 1 for group in range(800)}
    training, validation = totals_by_side(counts, validation_groups(counts, 0.3, 0))
    for label in "abcdefgh":
        assert validation[label] / (training[label] + validation[label]) == pytest.approx(0.3, abs=0.01)


def test_a_giant_among_many_small_ones_does_not_spoil_the_share() -> None:
    counts = {(0, "a"): 600, **{(group, "a"): 1 for group in range(1, 401)}}
    for seed in range(20):
        _, validation = totals_by_side(counts, validation_groups(counts, 0.2, seed))
        assert validation["a"] == 200


def test_the_seed_decides() -> None:
    counts = {(group, "a"): 1 for group in range(100)}
    first, again, other = (validation_groups(counts, 0.3, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other


TRANSFORM = Affine(10, 0, 500000, 0, -10, 5000000)


def test_areas_are_squares_on_the_map() -> None:
    grid = Grid(40, 60, TRANSFORM, None)
    rows, cols = np.mgrid[0:40, 0:60]
    numbers = Areas(grid, 100.0).of(rows.ravel(), cols.ravel()).reshape(40, 60)
    assert len(np.unique(numbers)) == 24
    blocks = numbers.reshape(4, 10, 6, 10)
    assert (blocks == blocks[:, :1, :, :1]).all()


def test_a_pixel_has_one_area_however_it_is_asked_for() -> None:
    grid = Grid(50, 50, Affine(0.1, 0.02, 3.7, 0.03, -0.1, 50.1), None)  # rotated, and fractions that are none in binary
    rows, cols = (axis.ravel() for axis in np.mgrid[0:50, 0:50])
    many = Areas(grid, 0.3)
    assert many.of(rows, cols).tolist() == [int(many.of(rows[i : i + 1], cols[i : i + 1])[0]) for i in range(len(rows))]


def test_very_many_areas_share_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = Grid(2000, 2000, TRANSFORM, None)
    rows, cols = (axis.ravel() for axis in np.mgrid[0:2000, 0:2000])
    numbers = Areas(grid, 20.0).of(rows, cols)
    assert numbers.min() >= 0 and numbers.max() < areas.MOST
    blocks = numbers.reshape(1000, 2, 1000, 2)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert len(np.unique(numbers)) > 0.9 * areas.MOST  # spread over all groups, so that the groups can be balanced


def test_areas_smaller_than_a_pixel_are_refused() -> None:
    with pytest.raises(BadParameter, match="at least a pixel"):
        Areas(Grid(9, 9, TRANSFORM, None), 5.0)

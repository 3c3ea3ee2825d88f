from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.training.data.augment import augmented, pose

POSES = [(turns, mirrored) for mirrored in (False, True) for turns in range(4)]


def numbered(count: int, rows: int, cols: int, bands: int, dtype: str = "float32") -> np.ndarray:
    return np.arange(count * rows * cols * bands).reshape(count, rows, cols, bands).astype(dtype)


@given(side=st.integers(1, 5), bands=st.integers(1, 3), count=st.integers(0, 12), seed=st.integers(0, 99))
def test_every_sample_is_in_one_of_its_poses_with_its_label_patch(side: int, bands: int, count: int, seed: int) -> None:
    """The label patch has twice the pixels of the image patch, and its own type; a measurement stays as it is."""
    image, truth, height = numbered(count, side, side, bands), numbered(count, 2 * side, 2 * side, 1, "int16"), numbered(count, 1, 1, 2)
    found = augmented([image, truth, height], np.random.default_rng(seed))
    assert [array.dtype for array in found] == [np.float32, np.int16, np.float32]
    np.testing.assert_array_equal(found[2], height)
    for i in range(count):
        part = slice(i, i + 1)
        assert any(
            np.array_equal(found[0][part], pose(image[part], *each)) and np.array_equal(found[1][part], pose(truth[part], *each))
            for each in POSES
        )


def test_all_eight_poses_come_about_as_often() -> None:
    (found,) = augmented([np.repeat(numbered(1, 3, 3, 1), 4000, axis=0)], np.random.default_rng(0))
    _, counts = np.unique(found.reshape(4000, -1), axis=0, return_counts=True)
    assert len(counts) == 8 and counts.min() > 400


def test_patches_that_are_not_square_are_not_turned_by_a_quarter() -> None:
    wide, square = numbered(50, 2, 3, 1), numbered(50, 3, 3, 2)
    found = augmented([wide, square], np.random.default_rng(0))
    for i in range(50):
        part = slice(i, i + 1)
        halves = [(turns, mirrored) for turns, mirrored in POSES if turns % 2 == 0]
        assert any(
            np.array_equal(found[0][part], pose(wide[part], *each)) and np.array_equal(found[1][part], pose(square[part], *each))
            for each in halves
        )


def test_the_seed_decides_and_the_input_stays() -> None:
    image = numbered(20, 4, 4, 2)
    once, again = (augmented([image], np.random.default_rng(5))[0] for _ in range(2))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(image, numbered(20, 4, 4, 2))

"""Patches that show the same ground are found, and kept apart where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs import PairSet, TrainSuperresolution
from core.sampling import sidecar
from core.superresolution import train
from core.superresolution.ground import Ground, ground_of, shared

SIZE = np.array([40.0, 30.0])
places = st.lists(st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000)), min_size=1, max_size=20)


@given(places, places)
def test_it_is_what_rectangles_say(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> None:
    one, other = (Ground("EPSG:32631", np.array(points), SIZE) for points in (first, second))
    gaps = np.abs(one.places[:, None] - other.places[None]) / SIZE
    nearest = gaps.max(axis=2).min(axis=1)
    clear = np.abs(nearest - 1) > 1e-4  # no matter of rounding
    np.testing.assert_array_equal(shared(one, other)[clear], (nearest < 1)[clear])


def test_what_is_not_known_is_not_claimed() -> None:
    ground = Ground("EPSG:32631", np.zeros((3, 2)), SIZE)
    assert not shared(ground, None).any() and not shared(None, ground).any()
    assert not shared(ground, Ground("EPSG:32632", np.zeros((3, 2)), SIZE)).any()


@pytest.fixture
def make_grid(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., str]:
    """Patches of 48 × 48 pixels of 1 m on a grid, row by row."""

    def make(rows: int, cols: int, step: float, name: str = "grid", crs: str = "EPSG:32631") -> str:
        count = rows * cols
        pixels = np.random.default_rng(0).integers(0, 255, (count * 48, 48, 1), "uint8")
        image = make_raster(tmp_path / f"{name}.tif", pixels)
        positions = tuple((step * col, -step * row) for row in range(rows) for col in range(cols))
        sidecar.write(image, sidecar.PatchSidecar("patches", count, 48, 48, ("a",), positions, crs))
        return image

    return make


@pytest.mark.parametrize(("step", "left_out"), [(48.0, 0), (24.0, 4)])
def test_patches_that_overlap_the_validation_are_left_out(
    make_job: Callable[..., TrainSuperresolution], make_grid: Callable[..., str], reporter: Any, step: float, left_out: int
) -> None:
    train.run(make_job(training=PairSet((make_grid(5, 4, step),)), validation_share=0.2), reporter)
    assert f"{16 - left_out} pairs to learn from, 4 to validate with" in reporter.texts
    assert ("are left out" in reporter.texts) == bool(left_out) and "flatter" not in reporter.texts


def test_given_patches_that_overlap_are_told(
    make_job: Callable[..., TrainSuperresolution], make_grid: Callable[..., str], reporter: Any
) -> None:
    pairs = {"training": PairSet((make_grid(2, 2, 48.0),)), "validation": PairSet((make_grid(1, 2, 48.0, "other"),))}
    train.run(make_job(**pairs), reporter)
    assert "50% of the pairs to learn from show ground of pairs that validate" in reporter.texts


def test_scenes_in_two_systems_have_no_common_ground(make_grid: Callable[..., str]) -> None:
    one, other = make_grid(1, 2, 48.0, "one"), make_grid(1, 2, 48.0, "other", "EPSG:32632")
    assert ground_of([one]) is not None and ground_of([one, other]) is None

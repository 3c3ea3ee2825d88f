"""The scene: the same pixels whatever the blocks, all classes in it, and images that show them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from core.demoscene import legend
from core.demoscene.scene import Scene, Tile
from core.raster.grid import Window

SIZE = 300


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene.of_seed(SIZE, 2, 4)


@pytest.fixture(scope="module")
def whole(scene: Scene) -> Tile:
    return scene.render(Window(0, 0, SIZE, SIZE))


def images(tile: Tile) -> list[tuple[str, np.ndarray, float]]:
    """Name, pixels, and pixels per pixel of 10 m, of everything in a tile that has a meaning outside it."""
    named = [(field.name, getattr(tile, field.name)) for field in fields(Tile) if field.name not in ("series", "units")]
    scales = {"image20": 0.5, "pan": 4.0}
    return [(f"series {n}", image, 1.0) for n, image in enumerate(tile.series)] + [(n, p, scales.get(n, 1.0)) for n, p in named]


@pytest.mark.parametrize(
    "window", [Window(0, 0, 64, 64), Window(128, 64, 100, 40), Window(202, 100, 7, 33), Window(298, 298, 2, 2), Window(30, 50, 1, 1)]
)
def test_a_block_is_a_part_of_the_scene_to_the_last_bit(scene: Scene, whole: Tile, window: Window) -> None:
    block = scene.render(window)
    for (name, part, scale), (_, image, _) in zip(images(block), images(whole), strict=True):
        row, col = int(window.row * scale), int(window.col * scale)
        np.testing.assert_array_equal(part, image[row : row + part.shape[0], col : col + part.shape[1]], err_msg=name)


def test_every_image_covers_the_scene(whole: Tile) -> None:
    assert [image.shape for image in whole.series] == [(SIZE, SIZE, 4)] * 2
    assert whole.image20.shape == (SIZE // 2, SIZE // 2, 6)
    assert whole.pan.shape == (4 * SIZE, 4 * SIZE, 1)
    assert whole.sar.shape == (SIZE, SIZE, 2)
    assert whole.labels.shape == (SIZE, SIZE, 1)


def test_an_odd_size_is_covered_by_a_larger_coarse_image() -> None:
    tile = Scene.of_seed(65, 1, 0).render(Window(64, 64, 1, 1))
    assert (tile.image20.shape, tile.pan.shape, tile.labels.shape) == ((1, 1, 6), (4, 4, 1), (1, 1, 1))


def test_all_classes_are_there(whole: Tile) -> None:
    shares = np.bincount(whole.labels.ravel(), minlength=9)[1:] / whole.labels.size
    assert shares.sum() == 1
    assert (shares > 0.001).all(), shares


@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_are_other_scenes_and_the_same_seed_is_the_same(seed: int) -> None:
    window = Window(0, 0, 64, 64)
    first, again, other = (Scene.of_seed(64, 1, s).render(window) for s in (seed, seed, seed + 10))
    assert np.array_equal(first.pan, again.pan)
    assert np.mean(first.pan != other.pan) > 0.5


def test_classes_look_different_and_alike_where_they_should(whole: Tile, scene: Scene) -> None:
    labels, image = whole.labels[:, :, 0], whole.series[scene.main].astype(float)
    valid = image[:, :, 0] > 0
    ndvi = (image[:, :, 3] - image[:, :, 2]) / np.maximum(image[:, :, 3] + image[:, :, 2], 1)
    mean = {c.code: ndvi[(labels == c.code) & valid].mean() for c in legend.CLASSES}
    assert mean[legend.WATER] < 0.1 < mean[legend.TOWN] < mean[legend.MEADOW] < mean[legend.FOREST]
    assert abs(mean[legend.ORCHARD] - mean[legend.FOREST]) < 0.25
    vv = {c.code: whole.sar[labels == c.code, 0].mean() for c in legend.CLASSES}
    assert vv[legend.WATER] < vv[legend.MEADOW] - 4 < vv[legend.TOWN] - 4


def test_clouds_are_no_data_in_all_bands_and_images(whole: Tile, scene: Scene) -> None:
    main = whole.series[scene.main]
    cloud = (main == 0).any(axis=2)
    assert 0.001 < cloud.mean() < 0.05
    assert (main[cloud] == 0).all() and (main[~cloud] > 0).all()
    assert (whole.series[1 - scene.main][:, :, 0] == 0).any()
    on_pan = np.repeat(np.repeat(cloud, 4, axis=0), 4, axis=1)
    assert np.array_equal(whole.pan[:, :, 0] == 0, on_pan)
    assert np.array_equal(whole.image20[:, :, 0] == 0, cloud.reshape(SIZE // 2, 2, SIZE // 2, 2).any(axis=(1, 3)))


def test_fine_and_coarse_images_show_the_same_ground(whole: Tile, scene: Scene) -> None:
    """Exactly nested: the means of the panchromatic pixels follow the 10 m bands better than when shifted by a pixel."""
    main = whole.series[scene.main].astype(float)
    pan = whole.pan[:, :, 0].reshape(SIZE, 4, SIZE, 4).mean(axis=(1, 3))
    mixed = main @ np.array([0.2, 0.3, 0.35, 0.15])
    inner = (slice(2, -2), slice(2, -2))

    def likeness(down: int, right: int) -> float:
        moved = np.roll(mixed, (down, right), (0, 1))
        both = (pan[inner] > 0) & (moved[inner] > 0)
        return float(np.corrcoef(pan[inner][both], moved[inner][both])[0, 1])

    assert likeness(0, 0) > 0.95
    assert likeness(0, 0) > max(likeness(*step) for step in ((0, 1), (1, 0), (0, -1), (-1, 0)))


def test_dates_are_in_order_and_the_main_one_is_in_summer() -> None:
    for dates in (1, 2, 3, 12, 24):
        scene = Scene(64, dates, None, (0.0, 0.0))  # type: ignore[arg-type]
        assert len(scene.days) == dates == len(set(scene.days))
        assert list(scene.days) == sorted(scene.days)
        assert 4 <= scene.days[scene.main].month <= 7

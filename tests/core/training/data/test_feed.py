"""Batches: every sample once an epoch, from memory or from disk, whatever the sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import jobs
from core.errors import BadTruth, Cancelled
from core.training.data.augment import augmented, pose
from core.training.data.feed import CHUNKS_IN_BUFFER, Feed, make_feed, scan, shuffled_chunks
from core.training.data.patches import PatchImages
from core.training.data.truth import Survey, Truth, code_table

TAKEN = SimpleNamespace(name="source1", shape=(None, 16, 16, 2))


def feed_of(images: PatchImages, memory: int, reporter: Any) -> Feed:
    survey = Survey(images.truths()[0], "classes", 1, None, "Training")
    found = scan(images, [survey], memory, reporter, "Training")
    return make_feed(images, found, [Truth(survey.classes, code_table(survey, survey.classes, by_name=True), None)], memory)


@given(st.integers(1, 3000), st.integers(1, 4000), st.integers(0, 9))
def test_chunks_hold_every_sample_once(count: int, buffer: int, seed: int) -> None:
    groups = list(shuffled_chunks(count, buffer, np.random.default_rng(seed)))
    samples = [sample for group in groups for chunk in group for sample in range(*chunk)]
    assert sorted(samples) == list(range(count))
    most = max(sum(stop - start for start, stop in group) for group in groups)
    assert most <= max(buffer, CHUNKS_IN_BUFFER)


@pytest.mark.parametrize("memory", [10_000_000, 20_000])
@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_an_epoch_is_every_sample_once(make_patches: Callable[..., jobs.PatchSet], reporter: Any, memory: int, batch_size: int) -> None:
    patches = make_patches("p", count=21)
    with PatchImages(patches.sources, patches.labels, [TAKEN], "Training") as images:
        feed = feed_of(images, memory, reporter)
        assert bool(feed.held_bytes) == (memory > 100_000)
        batches = list(feed.shuffled(batch_size, np.random.default_rng(0)))
        indices = np.concatenate([batch.indices for batch in batches])
        assert sorted(indices) == list(range(63)) and (batch_size == 1000 or list(indices) != sorted(indices))
        assert [len(batch.indices) for batch in batches] == [min(batch_size, 63 - start) for start in range(0, 63, batch_size)]
        for batch in batches:
            np.testing.assert_array_equal(batch.targets[0], batch.indices % 3)  # the classes take turns
            for index, patch in zip(batch.indices, batch.sources[0], strict=True):
                np.testing.assert_array_equal(patch, images.read(int(index), int(index) + 1)[0][0].astype(np.float32))
        in_order = list(feed.in_order(batch_size))
        np.testing.assert_array_equal(np.concatenate([b.indices for b in in_order]), np.arange(63))
        np.testing.assert_array_equal(np.concatenate([b.sources[0] for b in in_order]), images.read(0, 63)[0].astype(np.float32))


@pytest.mark.parametrize("memory", [10_000_000, 20_000])
def test_the_seed_decides_the_order_and_poses(make_patches: Callable[..., jobs.PatchSet], reporter: Any, memory: int) -> None:
    patches = make_patches("p")
    with PatchImages(patches.sources, patches.labels, [TAKEN], "Training") as images:
        feed = feed_of(images, memory, reporter)
        runs = [[b.sources[0] for b in feed.shuffled(8, np.random.default_rng(seed), [augmented])] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(np.concatenate(runs[0]), np.concatenate(runs[1]))
    assert (np.concatenate(runs[0]) != np.concatenate(runs[2])).any()


def test_statistics_are_those_of_the_patches(make_patches: Callable[..., jobs.PatchSet], reporter: Any) -> None:
    patches = make_patches("p", count=9)
    with PatchImages(patches.sources, patches.labels, [TAKEN], "Training") as images:
        statistics = scan(images, [Survey(images.truths()[0], "classes", 1, None, "Training")], 10_000_000, reporter, "Training").statistics
        pixels = images.read(0, images.count)[0].reshape(-1, 2)
    np.testing.assert_allclose(statistics[0].mean, pixels.mean(axis=0))
    np.testing.assert_allclose(statistics[0].std, pixels.std(axis=0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_patches_with_holes_are_refused(tmp_path: Path, make_raster: Callable[..., str], reporter: Any, value: float) -> None:
    pixels = np.ones((5, 16, 16, 2), np.float32)
    pixels[3, 4, 5, 1] = value
    path = make_raster(tmp_path / "p.tif", pixels.reshape(-1, 16, 2))
    with PatchImages([path], [], [TAKEN], "Training") as images, pytest.raises(BadTruth, match="patch 4 of source 1"):
        scan(images, [], 10_000_000, reporter, "Training")


def test_a_cancel_stops_the_scan(make_patches: Callable[..., jobs.PatchSet], reporter: Any) -> None:
    patches = make_patches("p")
    reporter.cancelled.set()
    with PatchImages(patches.sources, (), [TAKEN], "Training") as images, pytest.raises(Cancelled):
        scan(images, [], 10_000_000, reporter, "Training")


def test_an_error_while_reading_ahead_reaches_the_user(make_patches: Callable[..., jobs.PatchSet], reporter: Any) -> None:
    patches = make_patches("p")
    with PatchImages(patches.sources, patches.labels, [TAKEN], "Training") as images:
        feed = feed_of(images, 20_000, reporter)

        def broken(start: int, stop: int) -> list[np.ndarray]:
            raise BadTruth("the disk went away") if stop else StopIteration

        images.read = lambda start, stop: [np.empty((0, 16, 16, 2)), np.empty((0, 1, 1, 1))] if stop == 0 else broken(start, stop)  # type: ignore[method-assign]
        with pytest.raises(BadTruth, match="went away"):
            list(feed.shuffled(8, np.random.default_rng(0)))


def test_the_eight_poses() -> None:
    patch = np.arange(4).reshape(1, 2, 2, 1)
    poses = {tuple(pose(patch, turns, mirrored).ravel()) for turns in range(4) for mirrored in (False, True)}
    assert len(poses) == 8 and (0, 1, 2, 3) in poses


@pytest.mark.parametrize("shape", [(6, 6), (4, 6)])
def test_augmented_patches_are_poses_of_the_same_samples(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(200, *shape, 2)), rng.normal(size=(200, 3, 3, 1))
    turned = augmented([first, second], np.random.default_rng(1))
    seen = set()
    for index in range(200):
        pairs = [(source[index : index + 1], result[index]) for source, result in zip((first, second), turned, strict=True)]
        poses = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]
        fitting = [each for each in poses if all(np.array_equal(pose(patch, *each)[0], result) for patch, result in pairs)]
        assert len(fitting) == 1  # the same pose for all sources
        seen.add(fitting[0])
    assert len(seen) == (8 if shape[0] == shape[1] else 4)

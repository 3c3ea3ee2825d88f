"""Patches made of other patches read as if they lay in one image."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadParameter
from core.sampling import sidecar
from core.training.data.patches import PatchImages
from core.training.data.portions import PatchChain, PatchRange


@pytest.fixture
def make_patches(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., PatchImages]:
    """Patches of 2 × 3 pixels, each full of its number, from `first` on."""

    def make(first: int, count: int, dtype: str = "uint8", rows: int = 2) -> PatchImages:
        pixels = np.arange(first, first + count).repeat(rows * 3).reshape(-1, 3, 1).astype(dtype)
        path = make_raster(tmp_path / f"{first}.tif", pixels)
        sidecar.write(path, sidecar.PatchSidecar("patches", count, rows, 3, ("a",)))
        return PatchImages([path], [], [], "Training")

    return make


def numbers(arrays: list[np.ndarray]) -> list[int]:
    """Of the patches."""
    assert len(arrays) == 1 and arrays[0].shape[1:] == (2, 3, 1)
    return [int(number) for number in arrays[0][:, 0, 0, 0]]


def test_a_chain_of_scenes_is_read_as_one(make_patches: Callable[..., PatchImages]) -> None:
    sizes = (3, 1, 4)
    with ExitStack() as exits:
        parts = [exits.enter_context(make_patches(sum(sizes[:place]), size)) for place, size in enumerate(sizes)]
        chain = PatchChain(parts, "Training")
        assert chain.count == 8

        @settings(deadline=None)
        @given(st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted))
        def same(span: list[int]) -> None:
            assert numbers(chain.read(*span)) == list(range(*span))
            start, stop = span
            assert numbers(PatchRange(chain, start, 8).read(0, stop - start)) == list(range(start, stop))

        same()


def test_the_wider_type_holds_all(make_patches: Callable[..., PatchImages]) -> None:
    with make_patches(0, 2) as first, make_patches(300, 2, "uint16") as second:
        chain = PatchChain([first, second], "Training")
        assert chain.dtypes == (np.uint16,) and chain.read(0, 1)[0].dtype == np.uint16
        assert numbers(chain.read(1, 3)) == [1, 300]


def test_scenes_of_other_patches_are_refused(make_patches: Callable[..., PatchImages]) -> None:
    with make_patches(0, 2) as first, make_patches(10, 2, rows=4) as second, pytest.raises(BadParameter, match=r"3 × 2 × 1 \| 3 × 4 × 1"):
        PatchChain([first, second], "Training")

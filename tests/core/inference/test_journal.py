"""Finished blocks on disk: whatever happens to the file, what is restored is right."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import CannotWrite
from core.inference import journal as journals
from core.inference.journal import Journal, Pixels
from core.inference.plan import Block
from core.kept import kept_path
from core.raster.grid import Window

PRODUCTS = [Pixels("uint8", 1), Pixels("float32", 3)]
HEADER = {"fingerprint": {"source 1": "scene.tif"}, "block_size": 4}


def blocks() -> Iterator[Block]:
    return (Block((row, row + 4), (0, 3), Window(row, 0, 4, 3)) for row in range(0, 24, 4))


def arrays_of(block: Block) -> list[np.ndarray]:
    rng = np.random.default_rng(block.window.row)
    shape = block.window.height, block.window.width
    return [rng.integers(0, 256, (*shape, 1)).astype("uint8"), np.moveaxis(rng.normal(size=(3, *shape)).astype("float32"), 0, 2)]


def write(output: str, count: int = 6) -> bytes:
    """A journal with so many finished blocks; the bytes of the file."""
    with Journal(output) as journal:
        journal.begin(HEADER)
        for block, _ in zip(blocks(), range(count), strict=False):
            journal.append(block.window, arrays_of(block))
    return Path(kept_path(output)).read_bytes()


def restored(output: str) -> int:
    """How many blocks come back, each as it was written."""
    count = 0
    with Journal(output) as journal:
        for (block, arrays), expected in zip(journal.restore(blocks(), PRODUCTS), blocks(), strict=False):
            assert block == expected
            for array, original in zip(arrays, arrays_of(block), strict=True):
                assert array.dtype == original.dtype
                np.testing.assert_array_equal(array, original)
            count += 1
    return count


@pytest.fixture
def output(tmp_path: Path) -> str:
    return str(tmp_path / "map.tif")


def test_what_was_finished_comes_back_and_goes_on(output: str) -> None:
    write(output, 3)
    assert restored(output) == 3
    with Journal(output) as journal:
        assert journal.header == HEADER
        done = len(list(journal.restore(blocks(), PRODUCTS)))
        for block in list(blocks())[done:]:
            journal.append(block.window, arrays_of(block))
    assert restored(output) == 6
    assert os.listdir(os.path.dirname(output)) == [".map.tif.resume"]


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 2000), damage=st.sampled_from(["cut", "zeros", "flip", "insert"]))
def test_no_damage_gives_wrong_pixels(place: int, damage: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "map.tif")
        whole = write(output)
        place = min(place, len(whole) - 1)
        rest = {
            "cut": b"",
            "zeros": bytes(len(whole) - place),
            "flip": bytes([whole[place] ^ 16]) + whole[place + 1 :],
            "insert": b"x" + whole[place:],
        }[damage]
        Path(kept_path(output)).write_bytes(whole[:place] + rest)
        record, first = (len(whole) - whole.index(b"\n") - 1) // 6, whole.index(b"\n") + 1
        intact = max(place - first, 0) // record if place >= first else 0
        assert restored(output) == intact
        if place >= first:  # what was damaged is cut off, so that new blocks come in its place
            assert os.path.getsize(kept_path(output)) == first + intact * record
            with Journal(output) as journal:
                done = len(list(journal.restore(blocks(), PRODUCTS)))
                for block in list(blocks())[done:]:
                    journal.append(block.window, arrays_of(block))
            assert Path(kept_path(output)).read_bytes() == whole


def test_blocks_of_another_run_or_place_do_not_count(output: str) -> None:
    whole = write(output)
    first = whole.index(b"\n") + 1
    Path(kept_path(output)).write_bytes(whole[:first].replace(b"scene", b"other") + whole[first:])
    assert restored(output) == 0
    record = (len(whole) - first) // 6
    Path(kept_path(output)).write_bytes(whole[:first] + whole[first + record :])  # the second block first
    assert restored(output) == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[1]\n", b"null\n", b'{"block_size": 4}', b"\xff\xfe\n", b"9" * 5000 + b"\n"])
def test_a_damaged_header_is_none(output: str, content: bytes) -> None:
    Path(kept_path(output)).write_bytes(content)
    with Journal(output) as journal:
        assert journal.header == {}


def test_two_runs_onto_one_output(output: str) -> None:
    with Journal(output), pytest.raises(CannotWrite, match="Another run is writing"):
        Journal(output)
    with Journal(output):
        pass  # the lock went with the first


def test_a_full_disk_is_told_and_keeps_what_was_finished(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write(output, 2)
    with Journal(output) as journal:
        list(journal.restore(blocks(), PRODUCTS))
        monkeypatch.setattr(journals, "SYNC_S", -1.0)
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(CannotWrite, match=r"Disk full.*map\.tif"):
            journal.append(Window(8, 0, 4, 3), arrays_of(list(blocks())[2]))
    monkeypatch.undo()
    assert restored(output) >= 2


def test_empty_until_a_block_is_finished_and_gone_when_removed(output: str) -> None:
    with Journal(output) as journal:
        journal.begin(HEADER)
        assert journal.empty
        journal.append(Window(0, 0, 4, 3), arrays_of(next(blocks())))
        assert not journal.empty
        journal.remove()
    assert not os.path.exists(kept_path(output))


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"map\.tif"):
        Journal(str(tmp_path / "no" / "map.tif"))

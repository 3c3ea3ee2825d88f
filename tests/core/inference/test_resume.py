"""A run that was stopped goes on: the same pixels as if it had not been, and nothing computed twice."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.errors import Cancelled, CannotRead, CannotWrite
from core.fingerprint import changes
from core.inference import serve
from core.inference.journal import Journal
from core.inference.resume import Run
from core.jobs import Product, ServedSource, ServeModel, to_dict
from core.kept import kept_path
from core.model.loading.load import LoadedModel
from core.raster.source import Source
from core.reporting import Reporter

ROOT = Path(__file__).resolve().parents[3]
BLOCK, SIDE = 8, 120
MakeRaster = Callable[..., str]


def image_of(side: int) -> np.ndarray:
    pixels = np.random.default_rng(5).normal(size=(side, side)).astype("float32")
    pixels[20:60, :50] = -9
    return pixels


@pytest.fixture
def job(tmp_path: Path, make_raster: MakeRaster, linear_model: Callable[..., str]) -> ServeModel:
    """Two products of 225 blocks; some pixels have no data."""
    image = make_raster(tmp_path / "image.tif", image_of(SIDE), nodata=-9)
    products = Product(str(tmp_path / "one.tif"), ("value",)), Product(str(tmp_path / "two.tif"), ("value", "value"))
    return ServeModel(
        sources=(ServedSource((image,), None, (3, 3)),),
        model=linear_model((3,), (1,)),
        products=products,
        mode="fully_convolutional",
        block_size=BLOCK,
        resume=True,
    )


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One item for each call of the model: one is the trial, the others are blocks."""
    calls: list[int] = []
    run = LoadedModel.run
    monkeypatch.setattr(LoadedModel, "run", lambda self, *arguments: (calls.append(1), run(self, *arguments))[1])
    return calls


def pixels_of(job: ServeModel) -> list[bytes]:
    found = []
    for product in job.products:
        with rasterio.open(product.path) as image:
            found.append(image.read().tobytes())
    return found


def uninterrupted(job: ServeModel, folder: Path) -> list[bytes]:
    folder.mkdir()
    products = tuple(dataclasses.replace(product, path=str(folder / Path(product.path).name)) for product in job.products)
    other = dataclasses.replace(job, products=products, resume=False)
    serve.run(other, Reporter(lambda event: None))
    return pixels_of(other)


def stopped(job: ServeModel, make_reporter: Any) -> int:
    """Run it and cancel it in the middle; how many blocks were finished."""
    reporter = make_reporter()

    class Late(type(reporter)):  # type: ignore[misc]
        def progress(self, fraction: float, what: str = "") -> None:
            if what == "Serving" and fraction > 0.3:
                self.cancelled.set()
            super().progress(fraction, what)

    reporter.__class__ = Late
    with pytest.raises(Cancelled):
        serve.run(job, reporter)
    assert "run it again with RESUME" in reporter.texts
    return finished(job)


def finished(job: ServeModel) -> int:
    """Blocks in the journal: each a checksum, and three values of four bytes for every pixel."""
    _, _, records = Path(kept_path(job.products[0].path)).read_bytes().partition(b"\n")  # there, and empty, until the run begins
    return len(records) // (16 + 12 * BLOCK**2)


def leftovers(job: ServeModel) -> list[str]:
    return sorted(name for name in os.listdir(os.path.dirname(job.products[0].path)) if name.startswith("."))


def test_killed_and_run_again(tmp_path: Path, job: ServeModel, make_raster: MakeRaster, computed: list[int], reporter: Any) -> None:
    make_raster(Path(job.sources[0].images[0]), image_of(320), nodata=-9)  # 1600 blocks: enough to be killed among
    expected = uninterrupted(job, tmp_path / "whole")
    in_all = len(computed)
    (tmp_path / "job.json").write_text(json.dumps(to_dict(job)))
    process = subprocess.Popen([sys.executable, "-m", "core", str(tmp_path / "job.json")], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    journal = Path(kept_path(job.products[0].path))
    while time.monotonic() < deadline and process.poll() is None and not (journal.exists() and finished(job) > 100):
        time.sleep(0.002)
    process.kill()
    process.wait()
    done = finished(job)
    assert 100 < done < 1590
    assert not any(os.path.exists(product.path) for product in job.products)
    computed.clear()
    serve.run(job, reporter)
    assert pixels_of(job) == expected
    assert f"{done} of 1600 blocks are finished" in reporter.texts
    assert len(computed) < in_all - done * 0.8  # blocks without data are finished, but never were computed
    assert not journal.exists()


def test_cancelled_and_run_again(tmp_path: Path, job: ServeModel, computed: list[int], make_reporter: Any) -> None:
    expected = uninterrupted(job, tmp_path / "whole")
    done = stopped(job, make_reporter)
    assert leftovers(job) == [".one.tif.resume"]
    serve.run(job, make_reporter())
    assert pixels_of(job) == expected
    assert 0 < done < 225
    assert leftovers(job) == []


def test_stopped_again_and_again(tmp_path: Path, job: ServeModel, make_reporter: Any) -> None:
    counts = [stopped(job, make_reporter) for _ in range(3)]
    assert counts == sorted(set(counts))
    serve.run(job, make_reporter())
    assert pixels_of(job) == uninterrupted(job, tmp_path / "whole")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edges": "zero"}, "parameter EDGES changed from reflect to zero"),
        ({"block_size": 16}, "the block size changed from 8 to 16"),
        ({"extent": (500000.0, 4999000.0, 501000.0, 5000000.0)}, "parameter EXTENT changed from none to"),
        ({"mode": "patch_based"}, "parameter MODE changed"),
    ],
)
def test_a_changed_parameter_starts_afresh(tmp_path: Path, job: ServeModel, make_reporter: Any, change: dict[str, Any], words: str) -> None:
    stopped(job, make_reporter)
    reporter, changed = make_reporter(), dataclasses.replace(job, **change)
    serve.run(changed, reporter)
    assert words in reporter.texts
    assert "blocks are finished" not in reporter.texts
    assert pixels_of(changed) == uninterrupted(changed, tmp_path / "whole")


def test_a_changed_image_or_model_starts_afresh(tmp_path: Path, job: ServeModel, make_raster: MakeRaster, make_reporter: Any) -> None:
    stopped(job, make_reporter)
    make_raster(Path(job.sources[0].images[0]), np.ones((SIDE, SIDE), "float32"))
    reporter = make_reporter()
    serve.run(job, reporter)
    assert "source 1 changed (image.tif)" in reporter.texts
    assert pixels_of(job) == uninterrupted(job, tmp_path / "whole")
    stopped(job, make_reporter)
    graph = Path(job.model) / "saved_model.pb"
    os.utime(graph, ns=(1, graph.stat().st_mtime_ns + 1))
    reporter = make_reporter()
    serve.run(job, reporter)
    assert "the model changed (saved_model.pb)" in reporter.texts


def test_without_resume_leftovers_go(job: ServeModel, make_reporter: Any) -> None:
    stopped(job, make_reporter)
    serve.run(dataclasses.replace(job, resume=False), make_reporter())
    assert leftovers(job) == []


def test_damaged_leftovers_do_no_harm(tmp_path: Path, job: ServeModel, make_reporter: Any) -> None:
    expected = uninterrupted(job, tmp_path / "whole")
    for content in (b"", b"rubbish", b'{"block_size": 8}\n', b'{"fingerprint": {}, "block_size": "8", "memory": 0}\n' + bytes(999)):
        Path(kept_path(job.products[0].path)).write_bytes(content)
        serve.run(job, make_reporter())
        assert pixels_of(job) == expected
    stopped(job, make_reporter)
    with open(kept_path(job.products[0].path), "r+b") as file:
        file.seek(-5000, os.SEEK_END)
        file.write(bytes(5000))
    serve.run(job, make_reporter())
    assert pixels_of(job) == expected


def test_an_error_keeps_the_finished_blocks_too(job: ServeModel, make_reporter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Source.read_valid

    def damaged(self: Source, window: Any, *further: Any) -> Any:
        if window.row > 60:
            raise CannotRead("image.tif is damaged")
        return read(self, window, *further)

    monkeypatch.setattr(Source, "read_valid", damaged)
    with pytest.raises(CannotRead):
        serve.run(job, make_reporter())
    assert finished(job) > 60
    assert leftovers(job) == [".one.tif.resume"]


@pytest.mark.parametrize("resume", [True, False])
def test_two_runs_onto_one_output(job: ServeModel, make_reporter: Any, resume: bool) -> None:
    with Journal(job.products[0].path), pytest.raises(CannotWrite, match="Another run is writing"):
        serve.run(dataclasses.replace(job, resume=resume), make_reporter())


def test_nothing_finished_leaves_nothing(job: ServeModel, make_reporter: Any) -> None:
    reporter = make_reporter()
    reporter.cancelled.set()
    with pytest.raises(Cancelled):
        serve.run(job, reporter)
    assert leftovers(job) == []


def test_the_automatic_block_size_is_kept_unless_the_budget_was_changed(job: ServeModel) -> None:
    run, automatic = Run({}, 512, 0), dataclasses.replace(job, block_size=0)
    assert run.block_size_for(automatic) == 512
    assert run.block_size_for(dataclasses.replace(automatic, memory=500)) == 0
    assert run.block_size_for(dataclasses.replace(job, block_size=64)) == 0


def test_changes_in_words() -> None:
    old = {
        "parameter EDGES": "zero",
        "source 1": {"/a/x.tif": [1, 2], "/a/y.tif": [3, 4]},
        "TensorFlow": "2.20",
        "NODATA of source 1": float("nan"),
    }
    assert changes(old, json.loads(json.dumps(old))) == []
    new = {
        **old,
        "source 1": {"/a/x.tif": [1, 2], "/a/y.tif": [3, 5], "/a/z.tif": [1, 1]},
        "TensorFlow": "2.21",
        "the mask": {"m.tif": [1, 1]},
    }
    assert changes(old, new) == ["source 1 changed (y.tif, z.tif)", "TensorFlow changed from 2.20 to 2.21", "the mask changed (m.tif)"]

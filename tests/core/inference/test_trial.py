"""The trial on real models and images."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pytest
import rasterio

from core.errors import Cancelled, OutOfMemory
from core.inference import serve, trial
from core.inference.blocksize import Choice
from core.inference.evaluate import BlockPixels
from core.inference.gauge import Gauge
from core.inference.memory import MB, Budget
from core.inference.plan import Block, Plan, make_plan
from core.jobs import Product, ServedSource, ServeModel
from core.raster.alignment import Alignment, Axis
from core.raster.grid import Window

MakeRaster = Callable[..., str]
Model = Callable[..., str]


def served(model: str, images: list[str], out: Path, reporter: Any, **options: Any) -> tuple[np.ndarray, int]:
    """The map, and the block size that it was made with."""
    sources = tuple(ServedSource((image,), receptive_field=(5, 5)) for image in images)
    outputs = serve.run(ServeModel(sources=sources, model=model, products=(Product(str(out)),), **options), reporter)
    with rasterio.open(out) as raster:
        return raster.read(1), outputs["BLOCK_SIZE"]


@pytest.fixture
def image(tmp_path: Path, make_raster: MakeRaster) -> str:
    return make_raster(tmp_path / "image.tif", np.random.default_rng(1).normal(size=(301, 403)).astype("float32"))


@pytest.mark.parametrize("mode", ["automatic", "fully_convolutional", "patch_based"])
def test_the_automatic_block_size_gives_the_same_values(tmp_path: Path, image: str, linear_model: Model, reporter: Any, mode: str) -> None:
    model = linear_model((5,), (1,), patch=mode == "automatic")
    automatic, size = served(model, [image], tmp_path / "a.tif", reporter, mode=mode)
    fixed, _ = served(model, [image], tmp_path / "b.tif", reporter, mode=mode, block_size=50)
    np.testing.assert_allclose(automatic, fixed, rtol=1e-5, atol=1e-5)
    assert size > 0


def test_it_is_said_and_remembered(tmp_path: Path, image: str, linear_model: Model, make_reporter: Any) -> None:
    model, lines = linear_model((5,), (1,), mean=True), []
    for name in "ab":
        reporter = make_reporter()
        _, size = served(model, [image], tmp_path / f"{name}.tif", reporter, mode="fully_convolutional")
        lines += [line for line in reporter.texts.splitlines() if line.startswith("Block size")]
        assert f"Block size {size} output pixels: expected to need" in lines[-1]
    assert "of trial; 32: " in lines[0] and "ns a pixel read" in lines[0]
    assert "known from an earlier run" in lines[1]


def test_a_run_with_a_size_that_was_not_tried_is_remembered(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, make_reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(1).normal(size=(301, 403)).astype("float32"))
    holes = make_raster(tmp_path / "holes.tif", np.full((301, 403), np.nan, "float32"))
    monkeypatch.setattr(trial, "_known", WeakKeyDictionary())
    monkeypatch.setattr(trial, "next_to_try", lambda figures, *others: None if figures else 32)
    monkeypatch.setattr(trial, "choose", lambda figures, *others: Choice(128, (1,), True))
    model = linear_model((5,), (1,), mean=True)
    for images, known in (([holes], "32: "), ([image], "32: "), ([image], "128: ")):  # a run that computed nothing tells nothing
        reporter = make_reporter()
        served(model, images, tmp_path / "a.tif", reporter, mode="fully_convolutional")
        line = next(line for line in reporter.texts.splitlines() if line.startswith("Block size"))
        assert line.rpartition(";")[2].strip().startswith(known)


def test_a_given_block_size_or_a_small_image_is_not_tried(
    tmp_path: Path, image: str, make_raster: MakeRaster, linear_model: Model, reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "_measure", lambda *arguments: pytest.fail("a trial"))
    model = linear_model((5,), (1,), mean=True, expression_field=2)
    assert served(model, [image], tmp_path / "a.tif", reporter, block_size=48, scale_factor="1/2")[1] == 48
    tiny = make_raster(tmp_path / "tiny.tif", np.zeros((1, 1), "float32"))
    assert served(model, [tiny], tmp_path / "b.tif", reporter, scale_factor="1/2")[0].shape == (2, 2)
    assert any("all of the output at once" in line for line in reporter.texts.splitlines())


def test_a_budget_that_is_too_small_is_said(
    tmp_path: Path, image: str, linear_model: Model, reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "choose", lambda *arguments: Choice(32, (2 * MB,), False))
    assert served(linear_model((5,), (1,)), [image], tmp_path / "b.tif", reporter, memory=1)[1] == 32
    assert "Even blocks of 32 output pixels are expected to need 2 of 1 MB of memory: more than the budget." in reporter.texts


def plan_of(side: int) -> Plan:
    axis = Axis(Fraction(1), Fraction(0))
    return make_plan(Alignment((axis,), (axis,), 0), [(1, 1)], (1, 1), Fraction(1), Window(0, 0, side, side))


def read(block: Block) -> BlockPixels:
    shape = block.window.height, block.window.width
    return BlockPixels(block, (np.zeros((*shape, 1), "float32"),), np.ones(shape, bool))


def needy(each: int) -> Callable[[BlockPixels], dict[str, np.ndarray]]:
    """Takes so many bytes a pixel for a while, and a tenth of a microsecond."""

    def compute(pixels: BlockPixels) -> dict[str, np.ndarray]:
        count = pixels.valid.size
        held = np.ones(count * each, np.uint8)
        time.sleep(0.01 + count * 1e-7)
        return {"x": held[:count].reshape(*pixels.valid.shape, 1)}

    return compute


def test_memory_is_measured_and_kept(reporter: Any) -> None:
    figures: list[Any] = []
    budget = Budget(300 * MB)
    trial.try_sizes(figures, plan_of(8192), read, needy(1000), budget, reporter)
    largest = figures[-1]
    assert largest.size >= 256
    assert largest.peaks[0] == pytest.approx(1000 * largest.pixels, rel=0.4)  # what smaller blocks gave back may stay with the process
    chosen = trial.choose(figures, plan_of(8192), budget.rooms)
    assert chosen.fits and chosen.size**2 * 1000 <= 300 * MB


def test_the_gauge_sees_what_is_gone_afterwards() -> None:
    gauge = Gauge(gpu=False)
    with gauge:
        np.ones(200 * MB, np.uint8)
    assert gauge.peaks[0] == pytest.approx(200 * MB, rel=0.1)


def test_no_memory_for_the_smallest_block(reporter: Any) -> None:
    def never(pixels: BlockPixels) -> dict[str, np.ndarray]:
        raise MemoryError

    with pytest.raises(OutOfMemory, match="small block"):
        trial.try_sizes([], plan_of(100), read, never, Budget(MB), reporter)


def test_the_trial_stops_where_memory_does(reporter: Any) -> None:
    def small(pixels: BlockPixels) -> dict[str, np.ndarray]:
        if pixels.valid.size > 64**2:
            raise MemoryError
        return needy(1)(pixels)

    figures: list[Any] = []
    trial.try_sizes(figures, plan_of(8192), read, small, Budget(1000 * MB), reporter)
    assert [figure.size for figure in figures] == [32, 64]
    assert "Blocks of 128 do not fit in memory." in reporter.texts


def test_a_cancel_ends_the_trial(make_reporter: Any) -> None:
    with pytest.raises(Cancelled):
        trial.try_sizes([], plan_of(4000), read, needy(1), Budget(1000 * MB), _cancelled(make_reporter()))


def _cancelled(reporter: Any) -> Any:
    reporter.cancelled.set()
    return reporter

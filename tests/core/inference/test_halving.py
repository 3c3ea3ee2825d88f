"""Memory that runs out: smaller blocks, the same values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import OutOfMemory
from core.inference import serve
from core.inference.evaluate import BlockPixels, Outputs
from core.inference.halving import Halving, out_of_memory, parts
from core.inference.plan import Plan, make_plan
from core.jobs import Product, ServedSource, ServeModel
from core.raster.alignment import Alignment, Axis
from core.raster.grid import Window
from core.reporting import Reporter

SILENT = Reporter(lambda event: None)
MakeRaster = Callable[..., str]


def plan_of(height: int, width: int, ef: tuple[int, int], start: tuple[int, int], finer: int, overlap: int = 0) -> Plan:
    axes = (Axis(Fraction(1), Fraction(0)), Axis(Fraction(1, finer), Fraction(0)))
    return make_plan(
        Alignment(axes, axes, 0),
        [(7, 5), (9, 8)],
        ef,
        Fraction(1),
        Window(*start, height, width),
        overlap=min(overlap, *(side - 1 for side in ef)),
    )


def positions(window: Window) -> np.ndarray:
    """A source whose pixels say where they lie."""
    rows, cols = np.meshgrid(np.arange(window.height) + window.row, np.arange(window.width) + window.col, indexing="ij")
    return np.stack([rows, cols], axis=2)


def read(plan: Plan, size: int) -> list[BlockPixels]:
    """The blocks of a plan; `valid` says whether row + column of the output is even."""
    blocks = []
    for block in plan.blocks(size):
        outputs = positions(block.window).sum(axis=2) % 2 == 0
        blocks.append(BlockPixels(block, tuple(positions(window) for window in plan.windows(block)), outputs))
    return blocks


plans = st.builds(
    plan_of, st.integers(1, 30), st.integers(1, 30), st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.integers(0, 20), st.integers(0, 20)), st.integers(1, 4), st.integers(0, 4),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(plan=plans, size=st.integers(10, 40), part=st.integers(1, 9))
def test_parts_are_what_would_have_been_read_for_them(plan: Plan, size: int, part: int) -> None:
    for whole in read(plan, size):
        covered = np.zeros(whole.valid.shape, int)
        for piece in parts(whole, plan, part):
            window = piece.block.window
            assert window.height <= max(part, plan.rows.step) and window.width <= max(part, plan.cols.step)
            assert piece.block == plan.block(window)
            for source, needed in zip(piece.sources, plan.windows(piece.block), strict=True):
                np.testing.assert_array_equal(source, positions(needed))
            np.testing.assert_array_equal(piece.valid, positions(window).sum(axis=2) % 2 == 0)
            row, col = window.row - whole.block.window.row, window.col - whole.block.window.col
            covered[row : row + window.height, col : col + window.width] += 1
        assert (covered == 1).all()


class Small:
    """An evaluator with memory for so many outputs on a side; these say where they lie."""

    def __init__(self, most: int, error: type[Exception] = OutOfMemory) -> None:
        self.most, self.error, self.sides = most, error, list[int]()

    def __call__(self, pixels: BlockPixels) -> Outputs:
        self.sides.append(max(pixels.block.window.height, pixels.block.window.width))
        if self.sides[-1] > self.most:
            raise self.error("no room")
        where = positions(pixels.block.window)
        return {"where": where, "row": where[:, :, :1].astype("float32")}


@settings(max_examples=30, deadline=None)
@given(plan=plans, size=st.integers(10, 40), most=st.integers(7, 40))
def test_any_memory_gives_the_same_outputs(plan: Plan, size: int, most: int) -> None:
    halving = Halving(Small(most), plan, SILENT)
    for pixels in read(plan, size):
        outputs = halving(pixels)
        np.testing.assert_array_equal(outputs["where"], positions(pixels.block.window))
        assert outputs["row"].dtype == np.float32 and outputs["row"].shape[2] == 1


def test_it_is_said_once_and_remembered(reporter: Any) -> None:
    plan, small = plan_of(64, 64, (1, 1), (0, 0), 1), Small(10, MemoryError)
    halving = Halving(small, plan, reporter)
    for pixels in read(plan, 32):
        halving(pixels)
    assert [line for line in reporter.texts.splitlines() if "Out of memory" in line] == [
        f"Out of memory: going on with blocks of {size} output pixels." for size in (16, 8)
    ]
    assert [side for side in small.sides if side > 8] == [32, 16]


def test_the_smallest_block_gives_up_and_other_errors_pass() -> None:
    plan = plan_of(4, 4, (2, 2), (0, 0), 1)
    with pytest.raises(OutOfMemory, match="smallest block"):
        Halving(Small(0), plan, SILENT)(read(plan, 4)[0])
    with pytest.raises(KeyError):
        Halving(Small(0, KeyError), plan, SILENT)(read(plan, 4)[0])
    assert out_of_memory(MemoryError()) and not out_of_memory(ValueError())


@pytest.fixture(scope="module")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that averages 3 × 3 pixels, and asks for 128 TB where it is given more than 50 × 50."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, name="x")])
    def serve(x):  # type: ignore[no-untyped-def]
        wasted = tf.cond(tf.size(x) > 2500, lambda: tf.reduce_sum(tf.fill([2**45], tf.reduce_sum(x))), lambda: 0.0)
        return {"value": tf.nn.avg_pool2d(x, 3, 1, "VALID") + 0 * wasted}

    module = tf.Module()
    module.serve = serve
    folder = str(tmp_path_factory.mktemp("greedy"))
    tf.saved_model.save(module, folder, signatures=serve)
    return folder


def served(model: str, image: str, out: Path, reporter: Any, **options: Any) -> np.ndarray:
    sources, products = (ServedSource((image,), receptive_field=(3, 3)),), (Product(str(out)),)
    serve.run(ServeModel(sources=sources, model=model, products=products, mode="fully_convolutional", **options), reporter)
    with rasterio.open(out) as raster:
        return np.asarray(raster.read())


def test_tensorflows_own_error(tmp_path: Path, make_raster: MakeRaster, greedy: str, reporter: Any) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(90, 110)).astype("float32"))
    small = served(greedy, image, tmp_path / "small.tif", SILENT, block_size=16)
    halved = served(greedy, image, tmp_path / "halved.tif", reporter, block_size=80)
    np.testing.assert_allclose(halved, small, rtol=1e-6, atol=1e-6)
    assert (
        sum("going on with blocks of" in line for line in reporter.texts.splitlines()) == 1
    )  # TensorFlow waits ten seconds for memory before it says so

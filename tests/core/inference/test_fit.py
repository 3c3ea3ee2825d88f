"""What serving says of images that are not those that the model was trained with, and how it serves models that were not made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.classes import make_classes
from core.errors import BadModel, BadParameter
from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.model import contract as contracts
from core.model.contract import Contract, InputSpec, OutputSpec
from core.model.loading.savedmodel import describe

MakeRaster = Callable[..., str]
BANDS = ("B02", "B03")
ALL = [None, None, None, 2]


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., str]:
    """model(): gives its source's second band, or what `serving` does; with a contract, whose input the keywords change, or without."""
    import rasterio  # noqa: F401  before TensorFlow
    import tensorflow as tf

    def make(serving: Callable[..., Any] | None = None, trained: bool = True, specs: Any = (), contract: Any = True, **changes: Any) -> str:
        folder, module = str(tmp_path / "model"), tf.Module()
        images = tf.TensorSpec(ALL, tf.float32, name="x")
        function = tf.function(serving or (lambda x: {"y": x[..., 1]}), input_signature=[images, *specs], autograph=False)
        tf.saved_model.save(module, folder, signatures=function)
        if contract:
            facts: dict[str, Any] = {"bands": BANDS, "band_count": 2, "dtype": "float32", "receptive_field": (1, 1), "spacing": 10.0}
            output = OutputSpec("y", "values", ("y",), "float32", make_classes([]))
            made = Contract("m", (InputSpec("x", **(facts | changes)),), (output,), fully_convolutional=True, trained=trained)
            contracts.write(folder, made)
        return folder

    return make


@pytest.fixture
def run(tmp_path: Path, make_raster: MakeRaster, reporter: Any) -> Callable[..., tuple[np.ndarray, str]]:
    """run(model, names, **job): the map, and everything that was said."""

    def do(
        model: str, names: tuple[str, ...] = BANDS, spacing: float = 10.0, outputs: tuple[str, ...] = (), field: Any = None, **job: Any
    ) -> Any:
        pixels = np.arange(2 * 6 * 5, dtype="float32").reshape(6, 5, 2)
        image = make_raster(tmp_path / "scene.tif", pixels, names=names, spacing=spacing)
        out = str(tmp_path / "out.tif")
        job = {"sources": (ServedSource((image,), None, field),), "products": (Product(out, outputs),)} | job
        serve.run(ServeModel(model=model, **job), reporter)
        with rasterio.open(out) as written:
            return written.read(1), reporter.texts

    return do


def second(rows: int = 6, cols: int = 5) -> np.ndarray:
    return np.arange(2 * rows * cols).reshape(rows, cols, 2)[..., 1]


def test_the_right_bands_are_served_in_silence(model: Any, run: Any) -> None:
    values, said = run(model(), ("b02", "T33_B03"))
    assert (values == second()).all() and "warn" not in said and "compared" not in said


@pytest.mark.parametrize("names", [("B03", "B02"), ("red", "green")])
def test_other_bands_are_an_error_that_names_both_lists(model: Any, run: Any, tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(BadModel, match=f"Source 1 has other bands.*: expected B02, B03, received {', '.join(names)}"):
        run(model(), names)
    assert not (tmp_path / "out.tif").exists()


def test_another_number_of_bands_than_the_contract_says(model: Any, run: Any) -> None:
    with pytest.raises(BadModel, match=r"expected 3 bands, received 2 \(B02, B03\)"):
        run(model(bands=("a", "b", "c"), band_count=3))


def test_files_named_after_their_bands(model: Any, make_raster: MakeRaster, tmp_path: Path, run: Any) -> None:
    paths = [make_raster(tmp_path / f"T33UUU_20170216T102101_{band}.tif", np.full((4, 4), i, "float32")) for i, band in enumerate(BANDS)]
    values, said = run(model(), sources=(ServedSource(tuple(paths)),))
    assert (values == 1).all() and "compared" not in said
    with pytest.raises(BadModel, match="received T33UUU_20170216T102101_B03, T33UUU_20170216T102101_B02"):
        run(model(), sources=(ServedSource(tuple(reversed(paths))),))


def test_nameless_bands_another_spacing_and_no_training_are_warnings(model: Any, run: Any) -> None:
    values, said = run(model(trained=False), (), spacing=20.0)
    assert (values == second()).all()
    assert "Source 1: The bands cannot be compared by their names: the model's are B02, B03, the images' scene_1, scene_2" in said
    assert "Source 1: Its pixels are 20 map units wide, but the model was trained with 10" in said
    assert "not trained" in said


def test_one_result_a_patch_has_no_place_in_fully_convolutional_mode(model: Any, run: Any) -> None:
    import tensorflow as tf

    folder = model(lambda x: {"y": tf.reduce_mean(x, axis=(1, 2))})
    with pytest.raises(BadModel, match=r"Output y gives one result a patch.*received 1 × 2.*MODE=patch_based"):
        run(folder, mode="fully_convolutional")
    values, _ = run(folder, mode="patch_based")
    assert (values == second() - 1).all()


@pytest.mark.parametrize("rank", ["[n]", "[n, 1]", "[n, h, w]", "[n, h, w, 1]", "[n, h, w, c]"])
@pytest.mark.parametrize("mode", ["patch_based", "fully_convolutional"])
def test_outputs_of_every_rank(model: Any, run: Any, rank: str, mode: str) -> None:
    forms: dict[str, Callable[[Any], Any]] = {
        "[n]": lambda x: x[:, 0, 0, 1],
        "[n, 1]": lambda x: x[:, 0, 0, 1:],
        "[n, h, w]": lambda x: x[..., 1],
        "[n, h, w, 1]": lambda x: x[..., 1:],
        "[n, h, w, c]": lambda x: x[..., ::-1],
    }
    folder = model(lambda x: {"y": forms[rank](x)})
    if mode == "fully_convolutional" and "h" not in rank:
        with pytest.raises(BadModel, match="one result a patch"):
            run(folder, mode=mode)
    else:
        assert (run(folder, mode=mode)[0] == second()).all()


def test_a_foreign_model_with_values_beside_its_images(model: Any, run: Any) -> None:
    import tensorflow as tf

    folder = model(lambda x, gain: {"out": x[..., 1] * gain}, specs=[tf.TensorSpec([], tf.float32, name="gain")], contract=False)
    with pytest.raises(BadParameter, match="gain=…"):
        run(folder, field=(1, 1))
    tensor = describe(folder).outputs[0].tensor
    for outputs in ((), ("out",), ("out:0",), (tensor,), (tensor.removesuffix(":0"),)):
        values, _ = run(folder, placeholders="gain=2.5", outputs=outputs, mode="fully_convolutional", field=(1, 1))
        assert (values == second() * 2.5).all()
    with pytest.raises(BadParameter, match="expected one of out, received height"):
        run(folder, placeholders="gain=1", outputs=("height",), field=(1, 1))
    with pytest.raises(BadParameter, match="one of serving_default, received other"):
        run(folder, placeholders="gain=1", signature="other")


def test_a_hostile_model_is_served_only_on_trust(model: Any, run: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    (tmp_path / "gain.txt").write_text("3")
    path = str(tmp_path / "gain.txt")
    folder = model(lambda x: {"y": x[..., 1] * tf.strings.to_number(tf.io.read_file(path))})
    with pytest.raises(BadModel, match=r"ReadFile \(reads files"):
        run(folder)
    assert (run(folder, trust=True)[0] == second() * 3).all()

"""The gallery's networks of several sources, dates and many bands: they learn, come back from disk as they were, and say what they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.errors import BadParameter
from core.model import create
from core.model.backend import keras, tf
from core.model.contract import Contract
from core.model.folder import read_trainable, write_folder
from core.model.gallery import find, m3fusion
from core.model.gallery.architecture import Wish
from core.model.gallery.ltae import positions
from core.model.promise import contract_of

LEARNING = ("panms", "m3fusion", "tempcnn", "ltae", "cnn1d", "cnn3d")
FIXED = ("l2norm", "scalarproduct")
DATES, BANDS, CLASSES = 3, 4, 3


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """M3Fusion of a few weights: the shapes of its answers and what it sees stay the same."""
    monkeypatch.setattr(m3fusion, "UNITS", 16)
    monkeypatch.setattr(m3fusion, "FILTERS", 8)
    yield


def build(name: str, bands: int = BANDS, dates: int = DATES, classes: int = CLASSES) -> Any:
    """With so many bands in every source, at every date."""
    architecture = find(name)
    dates = dates if architecture.temporal else 1
    counts = tuple(bands * dates if role == "time series" else bands for role in architecture.sources)
    keras.utils.set_random_seed(1)
    return architecture.build(Wish(counts, classes, dates=dates))


def patches_of_classes(contract: Contract, samples: int = 48) -> tuple[list[np.ndarray], np.ndarray]:
    """Patches whose bands are about their class's own spectrum."""
    rng = np.random.default_rng(2)
    truth = np.arange(samples) % CLASSES
    spectra = [rng.normal(size=(CLASSES, 1, 1, spec.band_count)) for spec in contract.inputs]
    noise = [rng.normal(size=(samples, *spec.receptive_field[::-1], spec.band_count)) for spec in contract.inputs]
    return [(s[truth] + 0.3 * n).astype(np.float32) for s, n in zip(spectra, noise, strict=True)], truth


@pytest.mark.parametrize("name", LEARNING)
def test_it_learns(small: None, name: str) -> None:
    network = build(name)
    patches, truth = patches_of_classes(contract_of(network, name))
    given = patches if len(patches) > 1 else patches[0]
    truth = truth.reshape(-1, *(1,) * (len(network.output_shape) - 2))
    network.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(), run_eagerly=True)  # quicker to begin with
    losses = network.fit(given, truth, batch_size=48, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", (*LEARNING, *FIXED))
def test_it_comes_back_as_it_was(small: None, tmp_path: Path, name: str) -> None:
    network = build(name)
    contract = contract_of(network, name, name)
    write_folder(str(tmp_path / "model"), network, contract)
    again, said, _ = read_trainable(str(tmp_path / "model"))
    assert said == contract
    for one, other in zip(network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)
    patches = patches_of_classes(contract, 4)[0]
    given = patches if len(patches) > 1 else patches[0]
    np.testing.assert_array_equal(again(given, training=False), network(given, training=False))


@pytest.mark.parametrize("name", (*LEARNING, *FIXED))
def test_one_band_at_one_date_will_do(small: None, name: str) -> None:
    contract = contract_of(build(name, bands=1, dates=1), name)
    assert [spec.band_count for spec in contract.inputs] == [1] * len(find(name).sources)


FIELDS = {
    "panms": ([(8, 8), (32, 32)], False), "m3fusion": ([(1, 1), (25, 25)], False), "tempcnn": ([(1, 1)], False), "ltae": ([(1, 1)], False),
    "cnn1d": ([(1, 1)], False), "cnn3d": ([(9, 9)], True), "l2norm": ([(1, 1)], True), "scalarproduct": ([(1, 1), (1, 1)], True),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_what_it_sees_is_what_its_page_says(small: None, name: str) -> None:
    contract = contract_of(build(name), name)
    assert ([spec.receptive_field for spec in contract.inputs], contract.fully_convolutional) == FIELDS[name]
    assert (contract.expression_field, contract.scale_factor, contract.margin) == ((1, 1), 1, (0, 0))


def trained_weights(name: str, bands: tuple[int, ...], classes: int, dates: int = 1) -> int:
    network = find(name).build(Wish(bands, classes, dates=dates))
    return sum(int(np.prod(weights.shape)) for weights in network.trainable_weights)


@pytest.mark.parametrize(("bands", "dates", "classes"), [(4, 3, 6), (10, 7, 2), (1, 1, 9)])
def test_the_numbers_of_parameters_are_those_of_the_pages(bands: int, dates: int, classes: int) -> None:
    series = (bands * dates,)
    assert trained_weights("tempcnn", series, classes, dates) == 320 * bands + 16384 * dates + 257 * classes + 41856
    assert trained_weights("ltae", series, classes, dates) == 32 * bands + 129 * classes + 110272
    assert trained_weights("panms", (bands, 2), classes) == 288 * bands + 800 * 2 + 129 * classes + 205568
    assert trained_weights("cnn3d", (bands,), classes) == 18432 * -(-bands // 4) + 129 * classes + 69864
    length = -(-bands // 9)
    assert trained_weights("cnn1d", (bands,), classes) == 20 * length + 2000 * -(-bands // -(-length // 5)) + 101 * classes + 120


def test_the_parameters_of_m3fusion() -> None:
    assert trained_weights("m3fusion", (12, 2), 5, 3) == 3072 * 4 + 12544 * 2 + 1537 * 5 + 8_271_104


def test_the_bands_of_a_series_lie_date_after_date() -> None:
    network = build("tempcnn", bands=2, dates=3)
    dates = keras.Model(network.input, network.get_layer("dates").output)
    found = dates(np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6))
    np.testing.assert_allclose(found[0], [[0, 1], [2, 3], [4, 5]], atol=1e-5)


@pytest.mark.parametrize("name", ["tempcnn", "ltae", "m3fusion"])
def test_the_order_of_the_dates_matters(small: None, name: str) -> None:
    network = build(name)
    patches = patches_of_classes(contract_of(network, name), 4)[0]
    turned = [patches[0].reshape(4, 1, 1, DATES, BANDS)[:, :, :, ::-1].reshape(patches[0].shape), *patches[1:]]
    one, other = (np.asarray(network(p if len(p) > 1 else p[0], training=False)) for p in (patches, turned))
    assert np.abs(one - other).max() > 1e-4


def test_every_date_has_a_position_of_its_own() -> None:
    found = positions(200, 16)
    assert found.shape == (200, 16) and np.abs(found).max() <= 1
    distances = np.linalg.norm(found[:, None] - found[None], axis=-1)
    assert distances[~np.eye(200, dtype=bool)].min() > 0.1


def test_attention_weighs_the_dates() -> None:
    network = build("m3fusion", bands=1)
    weights = keras.Model(network.inputs, network.get_layer("attention").output)(patches_of_classes(contract_of(network, ""), 5)[0])
    assert weights.shape == (5, DATES, 1)
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), 1, atol=1e-5)


def test_m3fusion_runs_on_machines_without_its_gpu(small: None) -> None:
    """NVIDIA's form of the recurrent layer would be written into the model, and be found on no other machine."""
    assert build("m3fusion").get_layer("gru").use_cudnn is False


def test_l2norm_is_the_norm() -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 3, 5, BANDS)).astype(np.float32) * 1000
    np.testing.assert_allclose(build("l2norm")(pixels), np.linalg.norm(pixels, axis=-1, keepdims=True), rtol=1e-6)


def test_scalarproduct_is_the_scalar_product() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 2, 3, 5, BANDS)).astype(np.float32)
    np.testing.assert_allclose(
        build("scalarproduct")([one, other]), np.einsum("nrcb,nrcb->nrc", one, other)[..., None], rtol=1e-4, atol=1e-5
    )


def test_what_learns_nothing_is_complete_and_takes_no_classes(tmp_path: Path, reporter: Any) -> None:
    create.run(jobs.CreateModel("l2norm", (3,), classes=7, targets=2, output=str(tmp_path / "m")), reporter)
    contract = read_trainable(str(tmp_path / "m"))[1]
    assert [(spec.name, spec.kind) for spec in contract.outputs] == [("values", "values")]
    assert contract.trained and contract.classes == ()
    assert "Classes and measurements are left aside" in reporter.texts


def test_sources_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadParameter, match="the same number in all sources"):
        find("scalarproduct").check(Wish((3, 4)))
    with pytest.raises(BadParameter, match="as many bands at every date"):
        find("m3fusion").check(Wish((13, 1), 3, dates=3))
    find("panms").check(Wish((3, 4), 3))

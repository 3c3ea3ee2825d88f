"""Losses, by values that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from core.errors import BadModel
from core.jobs import ImageLosses
from core.model.backend import keras, tf
from core.superresolution import losses


def flat(value: float, side: int = 4, bands: int = 1) -> Any:
    """One image of one value."""
    return tf.fill((1, side, side, bands), value)


def test_pixels_count_by_their_weights_at_every_scale() -> None:
    truth, made = [flat(1.0), flat(1.0, 2)], [flat(4.0), flat(-1.0, 2)]
    found = losses.pixel_loss(truth, made, l1=2.0, l2=0.5)
    assert float(found) == pytest.approx(2.0 * (3 + 2) + 0.5 * (9 + 4))


def test_the_truth_at_a_coarser_scale_is_the_mean_of_what_lies_there() -> None:
    truth = tf.constant(np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1))
    fine, coarse = losses.scales_of(truth, (1, 2))
    np.testing.assert_array_equal(fine, truth)
    np.testing.assert_allclose(coarse[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])


def slope(times: float) -> Any:
    """A discriminator that sums the pixels of all images, so many times."""
    return lambda images, training: times * tf.add_n([tf.reduce_sum(image, axis=(1, 2, 3)) for image in images])


@pytest.mark.parametrize("mix", [0.0, 0.3, 1.0])
def test_wgan_wants_slopes_of_one(mix: float) -> None:
    """16 pixels with a slope of ¼ each make a gradient of length 1: no penalty. Twice as steep ones have a length of 2."""
    truth, made, place = [flat(2.0)], [flat(1.0)], tf.fill((1, 1, 1, 1), mix)
    drift = losses.DRIFT * (0.25 * 32) ** 2
    assert float(losses.told_apart("wgan", slope(0.25), truth, made, place)) == pytest.approx(0.25 * (16 - 32) + drift)
    drift = losses.DRIFT * (0.5 * 32) ** 2
    expected = 0.5 * (16 - 32) + losses.PENALTY * (2 - 1) ** 2 + drift
    assert float(losses.told_apart("wgan", slope(0.5), truth, made, place)) == pytest.approx(expected)


def test_lsgan_wants_ones_for_true_images_and_noughts_for_made_ones() -> None:
    truth, made = [flat(1 / 16)], [flat(0.0)]
    assert float(losses.told_apart("lsgan", slope(1.0), truth, made, None)) == pytest.approx(0.0)
    assert float(losses.told_apart("lsgan", slope(1.0), made, truth, None)) == pytest.approx(0.5 * (1 + 1))


def test_the_generator_wants_the_verdict_of_true_images() -> None:
    verdicts = tf.constant([[1.0], [3.0]])
    assert float(losses.made_better("wgan", verdicts)) == pytest.approx(-2.0)
    assert float(losses.made_better("lsgan", verdicts)) == pytest.approx(0.5 * (0 + 4) / 2)


def test_vgg_sees_the_chosen_bands_and_teaches(tmp_path: Path) -> None:
    """With a file as Keras offers it (the older HDF5 layout), of random weights."""
    network = keras.applications.VGG19(include_top=False, weights=None)
    file = tmp_path / "vgg19_notop.h5"
    with h5py.File(file, "w") as written:
        legacy_h5_format.save_weights_to_hdf5_group(written, network)
    features = losses.vgg_features(ImageLosses(vgg=1.0, vgg_weights=str(file), vgg_bands=(4, 3, 1)), bands=4)
    images = tf.constant(np.random.default_rng(0).normal(0, 1, (1, 32, 32, 4)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.reduce_mean(tf.square(features(images)))
    sizes = np.abs(tape.gradient(loss, images)).sum(axis=(0, 1, 2))
    assert (sizes > 0).tolist() == [True, False, True, True]
    levels = tf.gather(images, [0, 2, 3], axis=-1) * losses.VGG_SCALE + 127.5 - tf.constant(losses.IMAGENET_MEAN)
    whole = keras.Model(network.input, network.get_layer(losses.VGG_LAYER).output)
    np.testing.assert_allclose(features(images), whole(levels), rtol=1e-4, atol=1e-6)


def test_what_is_not_vggs_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_text("text")
    with pytest.raises(BadModel, match="cannot be read"):
        losses.vgg_features(ImageLosses(vgg=1.0, vgg_weights=str(tmp_path / "other.h5")), bands=3)

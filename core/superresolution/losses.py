"""How far made images are from true ones. Images are (samples, rows, cols, bands) with bands of median 0 and spread 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import BadModel, BadParameter
from ..jobs.superresolution import ImageLosses
from ..model.backend import keras, tf

PENALTY, DRIFT = 10.0, 1e-3  # λ of the gradient penalty; and of the drift of the verdicts on true images, which else wander off (SR4RS)
VGG_LAYER = "block5_conv4"  # as SRGAN does (Ledig et al. 2017)
VGG_SCALE, IMAGENET_MEAN = 64.0, (103.939, 116.779, 123.68)  # levels of a spread; means of blue, green, red that VGG takes as 0

Images = Sequence[Any]  # at each scale, finest first


def pixel_loss(truth: Images, made: Images, l1: float, l2: float) -> Any:
    """L1 and L2, weighted and summed over the scales."""
    total = tf.constant(0.0)
    for true, found in zip(truth, made, strict=True):
        total += l1 * tf.reduce_mean(tf.abs(found - true)) + l2 * tf.reduce_mean(tf.square(found - true))
    return total


def scales_of(truth: Any, ratios: Sequence[int]) -> list[Any]:
    """The truth at coarser scales: means over squares of so many fine pixels, which lie where coarse pixels do."""
    return [truth if ratio == 1 else tf.nn.avg_pool2d(truth, ratio, ratio, "VALID") for ratio in ratios]


def vgg_features(weights: ImageLosses, bands: int) -> Callable[[Any], Any]:
    """From images to features of VGG19 (Simonyan & Zisserman 2015), of three chosen bands.

    Raises:
        BadParameter: bands that are not there, or no weights.
        BadModel: the weights are not VGG19's.
    """
    chosen = weights.vgg_bands
    if len(chosen) != 3 or not all(1 <= band <= bands for band in chosen):
        raise BadParameter("VGG_BANDS", expected=f"three bands from 1 to {bands}: red, green, blue", received=", ".join(map(str, chosen)))
    if not weights.vgg_weights:
        raise BadParameter("VGG_WEIGHTS", expected="a file of VGG19's weights", received="none", remedy="Set the weight of VGG to 0.")
    try:
        whole = keras.applications.VGG19(include_top=False, weights=weights.vgg_weights)
    except (ValueError, OSError) as error:
        raise BadModel(f"The weights of VGG19 {weights.vgg_weights} cannot be read", details=str(error)) from error
    network = keras.Model(whole.input, whole.get_layer(VGG_LAYER).output)
    network.trainable = False
    order = [band - 1 for band in reversed(chosen)]  # VGG takes blue first

    def features(images: Any) -> Any:
        levels = tf.gather(images, order, axis=-1) * VGG_SCALE + 127.5
        return network(levels - tf.constant(IMAGENET_MEAN), training=False)

    return features


def made_better(kind: str, verdicts: Any) -> Any:
    """The generator's loss, from the discriminator's verdicts on what it made."""
    return -tf.reduce_mean(verdicts) if kind == "wgan" else 0.5 * tf.reduce_mean(tf.square(verdicts - 1.0))


def told_apart(kind: str, discriminator: Any, truth: Images, made: Images, mix: Any) -> Any:
    """The discriminator's loss.

    wgan: Gulrajani et al., *Improved Training of Wasserstein GANs* (2017), with the drift of Karras et al.;
    lsgan: Mao et al., *Least Squares GANs* (2017), targets 1 and 0.

    Args:
        mix: (samples, 1, 1, 1) within 0 … 1: where between true and made each sample's gradient is looked at.
    """
    on_truth, on_made = discriminator(list(truth), training=True), discriminator(list(made), training=True)
    if kind == "lsgan":
        return 0.5 * (tf.reduce_mean(tf.square(on_truth - 1.0)) + tf.reduce_mean(tf.square(on_made)))
    between = [true + mix * (found - true) for true, found in zip(truth, made, strict=True)]
    with tf.GradientTape() as tape:
        tape.watch(between)
        verdicts = discriminator(between, training=True)
    slopes = tape.gradient(verdicts, between)
    lengths = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(slope), axis=(1, 2, 3)) for slope in slopes]) + 1e-12)
    drift = DRIFT * tf.reduce_mean(tf.square(on_truth))
    return tf.reduce_mean(on_made) - tf.reduce_mean(on_truth) + PENALTY * tf.reduce_mean(tf.square(lengths - 1.0)) + drift

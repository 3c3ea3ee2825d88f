"""Layers that the networks for super-resolution are made of.

All are Keras' own, so that a `.keras` file of them may be read again (core/model/loading/kerasfile.py), and none looks further than its
kernel, so that blocks join without a seam. What makes pixels finer is always a transposed convolution whose kernel is as even or odd as
its stride: only then does it lie symmetrically about the coarse pixel, and nothing moves by half a fine pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...model.backend import keras
from ...model.gallery.architecture import NORMALIZATION, image_input

IMAGE = "image"  # name of the output at the full scale; coarser ones are "image_1", "image_2" …, by how many times finer than the input
BICUBIC_REACH = 2  # coarse pixels on each side that bicubic interpolation sees
SLOPE = 0.2  # of LeakyReLU below 0


def source(bands: int, number: int = 1) -> tuple[Any, Any]:
    """An input, of any size, and its bands in the scale that core/superresolution/scaling.py gives them."""
    return image_input(number, None, None, bands)


def feed(network: Any, inputs: Sequence[Any], training: bool = False) -> list[Any]:
    """All images of a network, finest first. Keras wants a lone input without a list about it, and gives a lone output so."""
    images: list[Any] = keras.tree.flatten(network(list(inputs) if len(inputs) > 1 else inputs[0], training=training))
    return images


def image(x: Any, finer: int, full: bool) -> Any:
    """An output: bands back in the values of the input. `finer`: how many times finer than the input."""
    return keras.layers.Normalization(invert=True, name=IMAGE if full else f"{IMAGE}_{finer}")(x)


def scaling_layers(network: Any) -> tuple[list[Any], Any | None]:
    """The layers that hold the scale of the bands: of the coarse image, at the input and at every output; and that of the guide, if the
    network has one."""
    names = {f"{NORMALIZATION}1", *network.output_names}
    guide = network.get_layer(f"{NORMALIZATION}2") if len(network.inputs) > 1 else None
    return [layer for layer in network.layers if layer.name in names], guide


def steps(factor: int) -> tuple[int, ...]:
    """The single steps of a factor: 8 is twice, twice and twice as fine."""
    return (3,) if factor == 3 else (2,) * (factor.bit_length() - 1)


def cubic(distance: np.ndarray) -> np.ndarray:
    """Weights of samples at these distances: Keys, *Cubic Convolution Interpolation for Digital Image Processing* (1981), a = −½."""
    x = np.abs(distance)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights: np.ndarray = np.where(x < 1, near, np.where(x < 2, far, 0.0))
    return weights


def cubic_taps(factor: int) -> np.ndarray:
    """What one coarse pixel gives to the fine pixels about it, along one axis; 4 · factor of them, less 1 for an odd factor.

    Fine pixel k of a coarse pixel's own lies (k + ½) ÷ factor − ½ coarse pixels from its centre: both grids begin at the same corner.
    """
    size = 2 * BICUBIC_REACH * factor - factor % 2
    before = (size - factor) // 2
    return cubic((np.arange(size) - before + 0.5) / factor - 0.5)


def bicubic(x: Any, factor: int, name: str = "bicubic") -> Any:
    """Bicubic interpolation as a transposed convolution whose kernel does not learn: its geometry can be read, it runs on any device, and
    unlike `UpSampling2D` it needs no resizing operation, of which each library has another idea."""
    bands = int(x.shape[-1])
    taps = cubic_taps(factor)
    layer = keras.layers.Conv2DTranspose(bands, len(taps), factor, "same", use_bias=False, trainable=False, name=name)
    fine = layer(x)
    layer.set_weights([np.einsum("r,c,io->rcio", taps, taps, np.eye(bands)).astype(np.float32)])
    return fine


def finer(x: Any, channels: int, factor: int, name: str, initializer: Any = "glorot_uniform") -> Any:
    """A sub-pixel convolution (Shi et al. 2016) of 3 × 3: every fine pixel is computed from 3 × 3 coarse ones with weights of its own.

    It is written as a transposed convolution, which is the same numbers without a change of the order of pixels.
    """
    return keras.layers.Conv2DTranspose(channels, 3 * factor, factor, "same", kernel_initializer=initializer, name=name)(x)


def coarser(x: Any, filters: int, factor: int, name: str) -> Any:
    """Fine pixels told to the coarse pixel that they lie in: a convolution of factor × factor pixels, side by side."""
    return keras.layers.Conv2D(filters, factor, factor, name=name)(x)


def equalized(x: Any, filters: int, size: int, name: str, gain: float = 2.0) -> Any:
    """A convolution with an equalised learning rate (Karras et al. 2018): weights of variance 1, scaled at run time by √(gain ÷ fan-in).

    The scale is put on what comes in: a convolution is linear, so this is the same, and needs no layer of our own.
    """
    layers = keras.layers
    x = layers.Rescaling(float(np.sqrt(gain / (size * size * int(x.shape[-1])))), name=f"{name}_scale")(x)
    return layers.Conv2D(filters, size, padding="same", kernel_initializer=_unit(), name=name)(x)


def equalized_finer(x: Any, filters: int, factor: int, name: str) -> Any:
    """The same for a transposed convolution of 2 · factor pixels, less 1 if odd, which holds SR4RS's (3 × 3, then a blur) among others."""
    size = 2 * factor - factor % 2
    fan_in = (size / factor) ** 2 * int(x.shape[-1])
    x = keras.layers.Rescaling(float(np.sqrt(2.0 / fan_in)), name=f"{name}_scale")(x)
    return keras.layers.Conv2DTranspose(filters, size, factor, "same", kernel_initializer=_unit(), name=name)(x)


def pixel_norm(x: Any, name: str) -> Any:
    """Every pixel's features divided by their root mean square (Karras et al. 2018): they cannot grow, without a look at other pixels."""
    x = keras.layers.UnitNormalization(name=f"{name}_unit")(x)
    return keras.layers.Rescaling(float(np.sqrt(int(x.shape[-1]))), name=f"{name}_norm")(x)


def leaky(x: Any, name: str) -> Any:
    """LeakyReLU."""
    return keras.layers.LeakyReLU(SLOPE, name=f"{name}_relu")(x)


def _unit() -> Any:
    return keras.initializers.RandomNormal(0.0, 1.0)

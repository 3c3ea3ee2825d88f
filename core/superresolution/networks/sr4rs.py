"""The network of SR4RS: Cresson, *SR4RS: A Tool for Super Resolution of Remote Sensing Images* (Journal of Open Research Software 2022).

A generator as in SRResNet (Ledig et al. 2017) without batch normalisation: pixel norm and an equalised learning rate (Karras et al.,
*Progressive Growing of GANs*, 2018) keep it stable against a discriminator, which looks at the image at all scales.

    source1         n × n × bands        any size
    normalization   n × n × bands        median 0 and robust spread 1, of the training patches
    first           n × n × 64           convolution 9 × 9, LeakyReLU
    block1 … 16     n × n × 64           two convolutions 3 × 3 with pixel norm, LeakyReLU between; added to what they were given
    body            n × n × 64           convolution 3 × 3; added to the first
    up2, up4       2n, 4n × 64           transposed convolutions 4 × 4, LeakyReLU, pixel norm (×3: one of 5 × 5)
    image         4n × 4n × bands        convolution 9 × 9, in the values of the input; and so, while training, of 2n and n
"""

from __future__ import annotations

from typing import Any

from ...errors import BadParameter
from ...model.backend import keras
from . import parts

FILTERS, BLOCKS, WIDE = 64, 16, 9


def build(bands: int, factor: int, guide: int = 0, filters: int = FILTERS, blocks: int = BLOCKS) -> Any:
    """The generator, with random weights. Its outputs are the image, then the coarser ones down to the scale of the input.

    Raises:
        BadParameter: a guide: the paper's network takes one image.
    """
    if guide:
        raise BadParameter("A guide", expected="none for the network sr4rs, which takes one image", received=f"{guide} bands",
                           remedy="Train the light network with it, or leave it out.")  # fmt: skip
    source, scaled = parts.source(bands)
    first = x = parts.leaky(parts.equalized(scaled, filters, WIDE, "first"), "first")
    for number in range(1, blocks + 1):
        x = _block(x, filters, f"block{number}")
    x = keras.layers.Add(name="body_sum")([first, parts.equalized(x, filters, 3, "body")])
    finer, images = 1, [_image(x, bands, 1, factor)]
    for step in parts.steps(factor):
        finer *= step
        x = parts.equalized_finer(x, filters, step, f"up{finer}")
        x = parts.pixel_norm(parts.leaky(x, f"up{finer}"), f"up{finer}")
        images.append(_image(x, bands, finer, factor))
    return keras.Model(source, images[::-1], name="sr4rs")


def _block(x: Any, filters: int, name: str) -> Any:
    first, second = f"{name}_first", f"{name}_second"
    y = parts.pixel_norm(parts.leaky(parts.equalized(x, filters, 3, first), first), first)
    y = parts.pixel_norm(parts.equalized(y, filters, 3, second), second)
    return keras.layers.Add(name=f"{name}_sum")([x, y])


def _image(x: Any, bands: int, finer: int, factor: int) -> Any:
    return parts.image(parts.equalized(x, bands, WIDE, f"bands_{finer}", gain=1.0), finer, full=finer == factor)

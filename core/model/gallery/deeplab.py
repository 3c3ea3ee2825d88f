"""DeepLab: dilated convolutions look at several widths at once, on a quarter of the resolution.

Chen, Papandreou, Schroff & Adam, *Rethinking Atrous Convolution for Semantic Image Segmentation* (2017), and the decoder of Chen et al.,
*Encoder-Decoder with Atrous Separable Convolution* (ECCV 2018). Its spatial pyramid is the same map seen by convolutions whose nine weights
lie 2, 4 and 6 elements apart, side by side. For classes that only their surroundings tell: settlement and industry, orchards, wetland.

What is left out: the pyramid's mean over the whole image. Over a block it would be that block's mean, other at every block size: tiles
would not join, and the map would depend on the memory at hand. The paper's ResNet trained on photographs gives way to residual units of
moderate size, since its three bands are not those of satellites; its stride of 16 to 4, since things on the ground are small in pixels;
bilinear resizing to transposed convolutions, since Keras' layer for it takes no images of open size in a graph (3.15).

    source1          n × n × bands       patches or blocks, n a multiple of 4
    normalization    n × n × bands       per band, learnt from the training patches
    stem             n × n × 32          convolution 3 × 3, batch normalisation, ReLU
    fine           n/2 × n/2 × 64        residual unit of stride 2
    coarse         n/4 × n/4 × 128       residual unit of stride 2, then one with a dilation of 2; batch normalisation, ReLU
    pyramid        n/4 × n/4 × 256       four branches of 64: 1 × 1, and 3 × 3 with dilations of 2, 4 and 6
    joined         n/4 × n/4 × 128       convolution 1 × 1; dropout of 0.3 while training
    decoder        n/2 × n/2 × 64        transposed convolution 2 × 2 beside 32 channels of `fine`, convolution 3 × 3
    up               n × n × 32          transposed convolution 2 × 2, convolution 3 × 3: the deep features
    conv 1 × 1       n × n × classes     softmax

Receptive field 116 × 116 for an expression field of 4 × 4: padding spoils 56 pixels on each side of a block, the margin that
serving computes and throws away. Scale factor 1.
Parameters: 288·bands + 33·classes + 954 656 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features
from .maps import activated, convolution, doubled, residual

DILATIONS, BRANCH, DROPOUT = (2, 4, 6), 64, 0.3


def _pyramid(x: Any) -> Any:
    branches = [convolution(x, BRANCH, "pyramid1", size=1)]
    branches += [convolution(x, BRANCH, f"pyramid{dilation}", dilation=dilation) for dilation in DILATIONS]
    return keras.layers.Concatenate(name="pyramid")(branches)


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, None, None, wish.bands[0])
    fine = residual(convolution(x, 32, "stem"), 64, "fine", stride=2)
    x = residual(residual(fine, 128, "coarse1", stride=2), 128, "coarse2", dilation=2)
    x = convolution(_pyramid(activated(x, "coarse")), 128, "joined", size=1)
    x = doubled(layers.Dropout(DROPOUT, name="dropout")(x), 64, "decoder")
    x = layers.Concatenate(name="decoder_bridge")([x, convolution(fine, 32, "bridge", size=1)])
    x = convolution(doubled(convolution(x, 64, "decoder"), 32, "last"), 32, "last")
    return heads("deeplab", [source], named_features(x), wish)


DEEPLAB = Architecture(
    id="deeplab",
    title="DeepLab with dilated convolutions, an answer for every pixel",
    paper="Chen et al., Rethinking Atrous Convolution for Semantic Image Segmentation, 2017; Encoder-Decoder with Atrous Separable "
    "Convolution, ECCV 2018",
    sources=("image",),
    build=_build,
)

"""FuseNet: two streams for two sensors of one grid, an optical image and heights or radar, fused at every level.

Audebert, Le Saux & Lefèvre, *Beyond RGB: Very High Resolution Urban Remote Sensing with Multimodal Deep Networks* (ISPRS Journal 140,
2018), after Hazirbas et al. (ACCV 2016). Each source has a SegNet encoder of its own, since heights and backscatter look nothing like
reflectance; after every level the second's map is added to the first's, so that the decoder gets both. For roofs against pavement, trees
against grass, or clouds that radar sees through. Further bands of the same kind need no second stream: stack them, and take `unet`.

SegNet tells its decoder where each maximum was; Keras has no layer for that, so the fused map of each level is added to the decoder's
instead (as in LinkNet, Chaurasia & Culurciello 2017), which keeps the outlines, too.

    source1, source2   n × n × bands       patches or blocks of both, n a multiple of 8
    normalization      n × n × bands       per band, learnt from the training patches
    level1             n × n × 32          in each stream two convolutions 3 × 3 with batch normalisation and ReLU; the second is added
    level2           n/2 × n/2 × 64        max pooling in each stream, the same
    level3           n/4 × n/4 × 128       the same
    bottom           n/8 × n/8 × 128       max pooling of the first stream, two convolutions; dropout of 0.3 while training
    up3              n/4 × n/4 × 128       transposed convolution 2 × 2, level3 added, two convolutions
    up2              n/2 × n/2 × 64        the same with level2
    up1                n × n × 32          the same with level1: the deep features
    conv 1 × 1         n × n × classes     softmax

Receptive field 104 × 104 of both sources for an expression field of 8 × 8: padding spoils 48 pixels on each side of a block, the margin
that serving computes and throws away. Scale factor 1.
Parameters: 288·bands of both + 33·classes + 1 363 296 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features
from .maps import doubled, halved, two_convolutions

FILTERS, BOTTOM, DROPOUT = (32, 64, 128), 128, 0.3


def _encoded(first: Any, second: Any) -> list[Any]:
    """The fused map of every level."""
    fused: list[Any] = []
    for level, filters in enumerate(FILTERS, start=1):
        if fused:
            first, second = halved(fused[-1], f"level{level}_first"), halved(second, f"level{level}_second")
        second = two_convolutions(second, filters, f"level{level}_second")
        first = two_convolutions(first, filters, f"level{level}_first")
        fused.append(keras.layers.Add(name=f"level{level}_fused")([first, second]))
    return fused


def _build(wish: Wish) -> Any:
    layers = keras.layers
    (source1, first), (source2, second) = (image_input(number, None, None, bands) for number, bands in enumerate(wish.bands, start=1))
    fused = _encoded(first, second)
    x = layers.Dropout(DROPOUT, name="dropout")(two_convolutions(halved(fused[-1], "bottom"), BOTTOM, "bottom"))
    for level, filters in reversed(list(enumerate(FILTERS, start=1))):
        x = layers.Add(name=f"up{level}_bridge")([doubled(x, filters, f"up{level}"), fused[level - 1]])
        x = two_convolutions(x, filters, f"up{level}")
    return heads("fusenet", [source1, source2], named_features(x), wish)


FUSENET = Architecture(
    id="fusenet",
    title="FuseNet: two sources of one grid, an answer for every pixel",
    paper="Audebert et al., Beyond RGB: Very High Resolution Urban Remote Sensing with Multimodal Deep Networks, ISPRS Journal 2018",
    sources=("optical image", "height or radar image"),
    build=_build,
)

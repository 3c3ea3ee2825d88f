"""Models over images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..fields import bounded, choice
from .base import NODATA_RULES, PRECISIONS, RESAMPLINGS, Extent, Job, Part

MODES = ("automatic", "fully_convolutional", "patch_based")
EDGES = ("reflect", "replicate", "zero", "valid")
AUGMENTATIONS = ("none", "flips", "all")
PIXEL_TYPES = ("automatic", "uint8", "int16", "uint16", "int32", "float32")


@dataclass(frozen=True)
class InspectModel(Job):
    """What a model says of itself: inputs, outputs, geometry, classes. Two reports: HTML and JSON."""

    name: ClassVar[str] = "inspectmodel"
    model: str = ""
    output_html: str = ""
    output: str = ""


@dataclass(frozen=True)
class ServedSource(Part):
    """Images stacked to feed one model input. `receptive_field`: (width, height) in this source's pixels; None: the model's own."""

    images: tuple[str, ...] = ()
    nodata: Optional[float] = None
    receptive_field: Optional[tuple[int, int]] = None


@dataclass(frozen=True)
class Product(Part):
    """One raster to write: the named outputs of the model, stacked.

    Attributes:
        outputs: none: the model's main one.
        dtype: pixel type; automatic: the model's own, or the smallest that holds the classes.
        scale, offset: value of the model = pixel · scale + offset; None: 1 and 0, or what suits probabilities in whole numbers.
        as_source: the values are those of a source made better: its no-data value, names, colours, scales and offsets are kept and, where
            dtype is automatic, its pixel type. Not of classes.
    """

    path: str = ""
    outputs: tuple[str, ...] = ()
    dtype: str = choice(PIXEL_TYPES)
    scale: Optional[float] = None
    offset: Optional[float] = None
    as_source: bool = False


@dataclass(frozen=True)
class Serving(Job):
    """What every job that applies a model to images of any size is given.

    Attributes:
        expression_field: (width, height) in output pixels; None: the model's own.
        scale_factor: spacing of the output over spacing of source 1, as a fraction ("1/4", "2"); empty: the model's own.
        extent: None for the whole of source 1; grown to whole output blocks' pixels, cut at the image.
        mask: raster; only outputs whose centre lies on a pixel of it above 0 are computed, the others become no-data. Empty: all.
        nodata_rule: a pixel of a source has no data if "all" or "any" of its bands have none (NaN in one band always counts).
        resample: how a source whose grid does not fit source 1's is brought onto it; none: it is refused.
        block_size: output pixels on a side that are computed at once; 0: from `memory` (MB).
        edges: what stands for the pixels outside the image; valid: outputs that would need them become no-data.
        overlap: output pixels by which neighbouring expression fields overlap and are blended; 0: none.
        augmentation: test-time augmentation: the mean over the "flips" of the image (4), or over "all" of them and the quarter turns (8).
        precision: full (single precision) or fast (bfloat16 where the device has it).
        resume: go on from the finished blocks of a run that was stopped.
        signature: of the model; empty: `serving_default`, or the only one.
        placeholders: values of inputs that take no image, "lr=1e-4, is_training=false, sizes=1 2 3, name=text".
        trust: serve a model even if it holds operations that touch files or the network, or run Python.
    """

    sources: tuple[ServedSource, ...] = ()
    model: str = ""
    mode: str = choice(MODES)
    expression_field: Optional[tuple[int, int]] = None
    scale_factor: str = ""
    extent: Optional[Extent] = None
    mask: str = ""
    nodata_rule: str = choice(NODATA_RULES)
    resample: str = choice(RESAMPLINGS)
    block_size: int = bounded(0, low=0)
    memory: int = bounded(0, low=0)
    edges: str = choice(EDGES)
    overlap: int = bounded(0, low=0)
    augmentation: str = choice(AUGMENTATIONS)
    precision: str = choice(PRECISIONS)
    resume: bool = False
    signature: str = ""
    placeholders: str = ""
    trust: bool = False


@dataclass(frozen=True)
class ServeModel(Serving):
    """A model over images of any size, into one raster or several."""

    name: ClassVar[str] = "servemodel"
    products: tuple[Product, ...] = ()

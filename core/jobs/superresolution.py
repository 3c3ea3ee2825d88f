"""Super-resolution, and how near images come to what they should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..errors import BadParameter
from ..fields import bounded, choice
from .base import Job, Part
from .serving import PIXEL_TYPES, Serving
from .training import SCHEDULES

FACTORS = (2, 3, 4, 8)
NETWORKS = ("light", "sr4rs")
ADVERSARIAL = ("none", "wgan", "lsgan")


@dataclass(frozen=True)
class PairSet(Part):
    """Patch images of which a network learns to make finer ones; one of every scene.

    Attributes:
        high: of the fine pixels.
        low: of the same patches in coarse pixels; none: these are made from the fine ones (Wald's protocol).
        guide: of the same patches by a sensor whose other bands are fine already (panchromatic; 10 m beside 20 m): the network is given
            them as its second input. As fine as `high`; where the coarse ones are made, finer than it by the factor, as both are made
            coarser.
    """

    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()
    guide: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, given in (("Coarse patches", self.low), ("Patches of the guide", self.guide)):
            if given and len(given) != len(self.high):
                expected = f"as many images as of fine patches: {len(self.high)}"
                raise BadParameter(name, expected=expected, received=len(given), remedy="Give those of the same scenes in the same order.")

    @property
    def scenes(self) -> tuple[tuple[str, ...], ...]:
        """Of each scene the patch images that are given, in this order."""
        return tuple(zip(*(part for part in (self.high, self.low, self.guide) if part)))

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether there are coarse patches, and whether there is a guide."""
        return bool(self.low), bool(self.guide)


@dataclass(frozen=True)
class ImageLosses(Part):
    """What counts as near to the truth; each is summed over the network's scales, with bands of median 0 and spread 1.

    Attributes:
        l1, l2: weights of the mean size of the differences, and of their mean square.
        vgg: weight of the mean square of the differences of VGG19's features; 0: none.
        vgg_weights: file of VGG19's weights (ImageNet, without top, .h5).
        vgg_bands: the three bands that it takes as red, green, blue; from 1.
        adversarial: what a discriminator is trained by (wgan: with gradient penalty; lsgan); none: there is no discriminator.
        gan: weight of what the discriminator says; beside L1 as SR4RS recommends (200 to 1).
    """

    l1: float = bounded(1.0, low=0.0)
    l2: float = bounded(0.0, low=0.0)
    vgg: float = bounded(0.0, low=0.0)
    vgg_weights: str = ""
    vgg_bands: tuple[int, ...] = (1, 2, 3)
    adversarial: str = choice(ADVERSARIAL)
    gan: float = bounded(5e-3, low=0.0)


@dataclass(frozen=True)
class ImageFitting(Part):
    """How the weights are found.

    Attributes:
        epochs: times that all pairs are gone through; the first `pretrain` of them by L1 and L2 alone.
        average: share of the old in the moving average of the weights, which is what is validated and written; 0: the weights themselves.
        poses: pairs are turned and mirrored at random.
        learning_rate, schedule, warmup: as of `Fitting`.
    """

    epochs: int = bounded(50, low=1)
    pretrain: int = bounded(0, low=0)
    batch_size: int = bounded(8, low=1)
    learning_rate: float = bounded(1e-3, above=0.0)
    schedule: str = choice(SCHEDULES[:3])
    warmup: int = bounded(0, low=0)
    average: float = bounded(0.999, low=0.0, high=0.99999)
    poses: bool = True


@dataclass(frozen=True)
class TrainSuperresolution(Job):
    """Trains a network that makes pixels finer.

    Attributes:
        validation: pairs of other ground; not given: the last `validation_share` of the training pairs.
        factor: how many times finer.
        filters, blocks: of the network; 0: as many as it usually has.
        mtf: of the coarser sensor at its Nyquist frequency.
        fit_radiometry: the fine images are first given the radiometry of the coarse ones, by a line for each band.
        resume: go on from the last finished epoch of the same training, if it was stopped.
        memory: in MB; patches that fit in it are held, others are streamed from disk.
        output_html: report.
        output_csv: a row for each epoch.
        output_pairs: a row for each pair of two given images: how far they lie apart.
        output_tensorboard: folder of logs for TensorBoard.
    """

    name: ClassVar[str] = "trainsuperresolution"
    training: PairSet = PairSet()
    validation: PairSet = PairSet()
    validation_share: float = bounded(0.2, above=0.0, high=0.9)
    network: str = choice(NETWORKS)
    factor: int = bounded(4, low=2, high=8)
    filters: int = bounded(0, low=0)
    blocks: int = bounded(0, low=0)
    losses: ImageLosses = ImageLosses()
    fitting: ImageFitting = ImageFitting()
    mtf: float = bounded(0.25, low=0.01, high=0.9)
    fit_radiometry: bool = False
    resume: bool = False
    memory: int = bounded(2048, low=64)
    seed: int = bounded(0, low=0)
    output: str = ""
    output_html: str = ""
    output_csv: str = ""
    output_pairs: str = ""
    output_tensorboard: str = ""


@dataclass(frozen=True)
class Superresolve(Serving):
    """The image that a model makes of source 1, with smaller pixels, as the same measurements; further sources may help (fusion).

    Attributes:
        outputs: of the model, stacked; none: its main one.
        dtype: pixel type; automatic: that of the source.
    """

    name: ClassVar[str] = "superresolve"
    outputs: tuple[str, ...] = ()
    dtype: str = choice(PIXEL_TYPES)
    output: str = ""


@dataclass(frozen=True)
class CompareQuality(Job):
    """PSNR, SSIM, SAM and ERGAS of an image against a reference on the same grid.

    Attributes:
        nodata: value that means "no data" in both; None: what each file says itself.
        border: pixels at every edge that are left out.
        peak: L of PSNR and SSIM, in pixel values; 0: 255 for bytes, else the range of the reference.
        ratio: of ERGAS: spacing of the low-resolution image that the image was made from ÷ spacing of the image.
    """

    name: ClassVar[str] = "comparequality"
    image: str = ""
    reference: str = ""
    nodata: Optional[float] = None
    border: int = bounded(0, low=0)
    peak: float = bounded(0.0, low=0.0)
    ratio: float = bounded(4.0, above=0.0)
    output_html: str = ""

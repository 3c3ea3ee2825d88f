"""Classifiers on bands and deep features, and how good a map is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..errors import BadParameter
from ..fields import bounded, choice
from .base import NODATA_RULES, RESAMPLINGS, Extent, Job, Part
from .serving import ServedSource

CLASSIFIERS = ("rf", "svm", "gbt", "dt", "knn", "nb", "mlp")
KERNELS = ("rbf", "linear", "poly", "sigmoid")
STANDARDIZATIONS = ("automatic", "yes", "no")
MOST_COMPARED = 8  # maps, so that tables remain readable


@dataclass(frozen=True)
class Learning(Part):
    """Which classifier learns, and how. What a classifier does not know of is left aside.

    Attributes:
        classifier: rf (random forest), svm (support vector machine with calibrated probabilities), gbt (gradient boosted trees), dt
            (decision tree), knn (k nearest neighbours), nb (normal Bayes), mlp (multi-layer perceptron).
        trees: of rf; rounds of gbt.
        max_depth: of a tree of rf, gbt, dt; 0: as deep as it gets.
        min_samples: that a leaf of a tree of rf, gbt, dt holds at least; 0: 1, of gbt 20.
        max_features: that rf looks at for a split; 0: the square root of their number.
        cost: C of svm; how much a wrong sample weighs.
        kernel: of svm.
        gamma: of the kernel; 0: 1 ÷ (features · variance).
        rate: of gbt, how much each round learns.
        neighbours: of knn.
        hidden: of mlp, units of each hidden layer, "100, 50".
        iterations: of mlp, at most.
        standardize: give every feature mean 0 and deviation 1 first; automatic: for svm, knn and mlp.
        balance_classes: rare classes count as much as frequent ones; knn cannot.
    """

    classifier: str = choice(CLASSIFIERS)
    trees: int = bounded(100, low=1, high=100000)
    max_depth: int = bounded(0, low=0)
    min_samples: int = bounded(0, low=0)
    max_features: int = bounded(0, low=0)
    cost: float = bounded(1.0, above=0.0)
    kernel: str = choice(KERNELS)
    gamma: float = bounded(0.0, low=0.0)
    rate: float = bounded(0.1, above=0.0)
    neighbours: int = bounded(5, low=1)
    hidden: str = "100"
    iterations: int = bounded(500, low=1)
    standardize: str = choice(STANDARDIZATIONS)
    balance_classes: bool = False


@dataclass(frozen=True)
class TrainClassifier(Job):
    """Trains a classifier on the features of samples: bands, what is computed of them, and outputs of a model.

    Attributes:
        sources: the first is the reference; of a model, its inputs in order.
        use_bands: the values of all bands are features.
        neighbourhood: side, in pixels of each source, of the square whose means and deviations are features too; odd; 0: none.
        indices: pairs of bands by name or number whose normalised difference (a − b) ÷ (a + b) is a feature: "B08:B04, B03:B08".
        model: whose outputs are features; empty: none.
        features: names of these outputs; none: the deep features, or the model's main output.
        signature, placeholders, trust: of the model, as in ServeModel.
        samples, field: points and the field of their class.
        validation: points that the classifier is judged by; empty: by the samples themselves, each left out in turn.
        grid_search: try several values of what matters most for the classifier, and take the best in cross-validation.
        folds: parts of the cross-validation.
        spatial_block: side, in map units, of squares whose samples are never parted in cross-validation; 0: each sample for itself.
        output: classifier, one .skops file.
    """

    name: ClassVar[str] = "trainclassifier"
    sources: tuple[ServedSource, ...] = ()
    use_bands: bool = True
    neighbourhood: int = bounded(0, low=0, high=255)
    indices: str = ""
    model: str = ""
    features: tuple[str, ...] = ()
    signature: str = ""
    placeholders: str = ""
    trust: bool = False
    nodata_rule: str = choice(NODATA_RULES)
    resample: str = choice(RESAMPLINGS)
    samples: str = ""
    samples_layer: str = ""
    field: str = ""
    validation: str = ""
    validation_layer: str = ""
    learning: Learning = Learning()
    grid_search: bool = False
    folds: int = bounded(5, low=2)
    spatial_block: float = bounded(0.0, low=0.0)
    seed: int = bounded(0, low=0, high=2**32 - 1)
    output: str = ""
    output_html: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbourhood and self.neighbourhood % 2 == 0:
            raise BadParameter("Neighbourhood", expected="an odd number of pixels, or 0", received=self.neighbourhood)


@dataclass(frozen=True)
class ClassifyImage(Job):
    """The map of a classifier, block by block.

    Attributes:
        classifier: what TrainClassifier wrote.
        model: where the model lies now whose outputs are features; empty: where it lay then. It has to be the same.
        nodata: label of pixels without data; None: 0, or what is free.
        trust: load the classifier although it holds types that Tensorscape does not know.
        trust_model: load the model even if it holds operations that touch files or the network, or run Python.
        output: class map.
        output_confidence: probability of the winning class.
        output_probabilities: a band for each class.
        output_uncertainty: two bands: entropy of the probabilities (0: one class is sure, 1: all alike), and the margin between the
            highest and the second.
    """

    name: ClassVar[str] = "classifyimage"
    sources: tuple[ServedSource, ...] = ()
    classifier: str = ""
    model: str = ""
    extent: Optional[Extent] = None
    mask: str = ""
    nodata: Optional[int] = None
    nodata_rule: str = choice(NODATA_RULES)
    resample: str = choice(RESAMPLINGS)
    block_size: int = bounded(0, low=0)
    memory: int = bounded(0, low=0)
    trust: bool = False
    trust_model: bool = False
    output: str = ""
    output_confidence: str = ""
    output_probabilities: str = ""
    output_uncertainty: str = ""


@dataclass(frozen=True)
class AssessAccuracy(Job):
    """How right a class map is, by a reference: either vector features (`truth`, `field`) or a raster of class codes (`reference`).

    Attributes:
        band: of the map, from 1.
        reference: on the map's grid; `nodata`: its value of pixels without reference; None: its own, if it has one.
        ignore: classes of the reference that do not count, by name or code, "unknown, 0".
        compared: other maps on the same grid (their first bands), to be compared with the map on the samples where all have data.
        names: of the map and those compared with it, for the report, "CNN, forest"; empty: those of their files.
        output: CSV, a row for each map and class.
    """

    name: ClassVar[str] = "assessaccuracy"
    map: str = ""
    band: int = bounded(1, low=1)
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    reference: str = ""
    nodata: Optional[float] = None
    ignore: str = ""
    compared: tuple[str, ...] = ()
    names: str = ""
    output: str = ""
    output_html: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.compared) > MOST_COMPARED:
            raise BadParameter("Maps to compare with", expected=f"at most {MOST_COMPARED}", received=len(self.compared))

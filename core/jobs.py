"""The jobs that the engine does: what each is given, in one frozen dataclass a job.

A job is checked when it is made, in either process, so that a wrong value is an error before any work starts. Paths are
absolute strings; sizes are in pixels of the image they belong to; extents are (xmin, ymin, xmax, ymax) in the CRS of the
reference source; an empty path means "not wanted" or "not given".

Standard library only, Python 3.9: the plugin and the engine both import this module.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar, Optional

from .errors import BadParameter
from .fields import bounded, choice, from_plain, validate

STRATEGIES = ("smallest", "constant", "percent", "total", "all", "byclass")
SAMPLERS = ("random", "periodic")
PATCH_STRATEGIES = ("chessboard", "split", "all", "balanced")
MODES = ("automatic", "fully_convolutional", "patch_based")
EDGES = ("reflect", "replicate", "zero", "valid")
NODATA_RULES = ("all", "any")
RESAMPLINGS = ("none", "nearest", "bilinear", "cubic")
PRECISIONS = ("full", "fast")
AUGMENTATIONS = ("none", "flips", "all")
TASKS = ("automatic", "classification", "regression")
SCHEDULES = ("cosine", "constant", "exponential", "plateau")
OPTIMIZERS = ("adam", "adamw", "sgd")
LOSSES = ("automatic", "focal", "dice", "mae", "huber")
MONITORS = ("automatic", "overall_accuracy", "f1", "iou", "rmse", "loss")
DISTRIBUTIONS = ("none", "mirrored", "multiworker")
NORMALIZATIONS = ("percentile", "minmax", "meanstd", "constant")
NORMALIZED_TYPES = ("float32", "uint8", "uint16")
CLASSIFIERS = ("rf", "svm", "gbt", "dt", "knn", "nb", "mlp")
KERNELS = ("rbf", "linear", "poly", "sigmoid")
STANDARDIZATIONS = ("automatic", "yes", "no")
PIXEL_TYPES = ("automatic", "uint8", "int16", "uint16", "int32", "float32")

Extent = tuple[float, float, float, float]


@dataclass(frozen=True)
class Part:
    """What jobs are made of, and a job itself: checked when it is made."""

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class Job(Part):
    """Root of all jobs. `name` is the job's id on the wire and the id of the algorithm that makes it."""

    name: ClassVar[str] = ""


@dataclass(frozen=True)
class Sampling(Part):
    """How many samples of each class, which of the candidates, and which of them are kept for validation.

    Attributes:
        strategy: smallest (as many as the rarest class has), constant (`number` of each), percent (`percent` of each), total (`number`
            in all, shared in proportion), all, byclass (counts from the CSV file `byclass`, columns class and count).
        number: samples a class (constant) or in all (total).
        percent: share of each class's pixels, in percent.
        byclass: path of the CSV file of the strategy byclass.
        sampler: random (exact count) or periodic (every n-th candidate, in the order of the truth).
        jitter: of the periodic sampler, in candidates: each sample moves at random by up to so many, within its period.
        validation_share: share of the samples that goes to validation, from 0 to below 1. 0 with validation areas: as many as they
            have in proportion.
        spatial_block: side of the square areas that go to training or to validation as a whole, in map units; 0: each polygon
            goes to one side as a whole (label images have no polygons: each pixel for itself).
        validation_areas, validation_areas_layer: polygons; all in them may validate, all else may train. Empty: no such layer.
        spatial_buffer: in map units; no sample trains that is nearer than this to a pixel that may validate.
        seed: of everything random.
    """

    strategy: str = choice(STRATEGIES)
    number: int = bounded(1000, low=1)
    percent: float = bounded(10.0, low=0.0, high=100.0)
    byclass: str = ""
    sampler: str = choice(SAMPLERS)
    validation_share: float = bounded(0.0, low=0.0, high=0.99)
    spatial_block: float = bounded(0.0, low=0.0)
    validation_areas: str = ""
    validation_areas_layer: str = ""
    spatial_buffer: float = bounded(0.0, low=0.0)
    jitter: int = bounded(0, low=0)
    seed: int = bounded(0, low=0)

    @property
    def splits(self) -> bool:
        """Whether there are validation samples at all."""
        return bool(self.validation_share or self.validation_areas)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strategy == "byclass" and not self.byclass:
            raise BadParameter("Strategy byclass", expected="a CSV file with the columns class and count", received="none")


@dataclass(frozen=True)
class CheckEngine(Job):
    """Which versions and devices the engine has."""

    name: ClassVar[str] = "checkengine"
    output_html: str = ""


@dataclass(frozen=True)
class CreateDemoScene(Job):
    """A synthetic landscape with exact truth. `size`: rows and columns of the 10 m image; `dates`: of its time series."""

    name: ClassVar[str] = "createdemoscene"
    output: str = ""
    size: int = bounded(1024, low=64, high=32768)
    dates: int = bounded(3, low=1, high=24)
    seed: int = bounded(0, low=0)


@dataclass(frozen=True)
class ClassStatistics(Job):
    """How many pixels of `image` each class and each feature of a vector truth covers; `mask`: raster, above 0 is valid.

    Attributes:
        output: CSV, a row for each class.
        output_features: CSV, a row for each feature.
    """

    name: ClassVar[str] = "classstatistics"
    image: str = ""
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    mask: str = ""
    output: str = ""
    output_features: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class SelectSamples(Job):
    """Sample positions (points at pixel centres of `image`) from vector truth; `mask`: raster, above 0 is valid."""

    name: ClassVar[str] = "selectsamples"
    image: str = ""
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    mask: str = ""
    sampling: Sampling = Sampling()
    output: str = ""
    output_validation: str = ""
    rates: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class SelectSamplesFromLabels(Job):
    """Sample positions from a label image (its first band). `nodata`: label that is none; `padding`: border left out, in pixels."""

    name: ClassVar[str] = "selectsamplesfromlabels"
    labels: str = ""
    nodata: Optional[float] = None
    padding: int = bounded(0, low=0)
    sampling: Sampling = Sampling()
    output: str = ""
    output_validation: str = ""
    rates: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class SelectPatches(Job):
    """Positions of patches on a regular grid over an image; a patch is kept only if all of its pixels have data.

    Attributes:
        nodata: value that means "no data" in the image; None: the image's own.
        mask: raster on the image's grid; a patch is kept only if all of its pixels are above 0 there. Empty: none.
        patch_size: rows and columns of a patch, in pixels.
        step: from one patch to the next, in pixels; 0: the patch size, side by side.
        offset_x, offset_y: columns and rows before the first patch, in pixels.
        strategy: chessboard (every other patch validates), split (at random, by the shares), all (all train), balanced (those
            that show the classes of `labels` about equally often, then by the shares).
        training_share, validation_share, test_share: of the patches; what they leave of 1 is left out.
        labels: label image on the image's grid, for the strategy balanced.
        number_of_classes: labels from 0 to this number − 1 are classes, others none; 0: every label is one.
        spatial_share: of all patches, those with which the strategy balanced begins, as they come.
    """

    name: ClassVar[str] = "selectpatches"
    image: str = ""
    nodata: Optional[float] = None
    mask: str = ""
    patch_size: int = bounded(16, low=1)
    step: int = bounded(0, low=0)
    offset_x: int = bounded(0, low=0)
    offset_y: int = bounded(0, low=0)
    strategy: str = choice(PATCH_STRATEGIES)
    training_share: float = bounded(0.5, low=0.0, high=1.0)
    validation_share: float = bounded(0.25, low=0.0, high=1.0)
    test_share: float = bounded(0.25, low=0.0, high=1.0)
    labels: str = ""
    number_of_classes: int = bounded(0, low=0)
    spatial_share: float = bounded(0.25, low=0.0, high=1.0)
    seed: int = bounded(0, low=0)
    output: str = ""
    output_validation: str = ""
    output_test: str = ""

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of training, validation and test, as the strategy has them."""
        if self.strategy in ("chessboard", "all"):
            return (0.5, 0.5, 0.0) if self.strategy == "chessboard" else (1.0, 0.0, 0.0)
        return self.training_share, self.validation_share, self.test_share

    def __post_init__(self) -> None:
        super().__post_init__()
        in_all = sum(Fraction(str(share)) for share in self.shares)  # as typed: 0.1 + 0.2 + 0.7 is 1
        if in_all > 1:
            raise BadParameter("The shares of training, validation and test", expected="at most 1 in all", received=float(in_all))
        if self.strategy == "balanced" and not self.labels:
            raise BadParameter("Strategy balanced", expected="a label image", received="none")


@dataclass(frozen=True)
class PatchSource(Part):
    """Images stacked to feed one model input, and the patches to cut from them. `width`, `height`: of a patch, in this source's pixels."""

    images: tuple[str, ...] = ()
    width: int = bounded(16, low=1)
    height: int = bounded(16, low=1)
    nodata: Optional[float] = None
    output: str = ""


@dataclass(frozen=True)
class LabelImage(Part):
    """Truth as a raster, cut into label patches. `width`, `height`: of a patch, in its pixels; None: the ground of source 1's patch.

    Whole numbers are classes (segmentation), others measurements. `nodata`: value of pixels without truth; None: its own, if it has one.
    """

    image: str = ""
    width: Optional[int] = None
    height: Optional[int] = None
    nodata: Optional[float] = None


@dataclass(frozen=True)
class ExtractPatches(Job):
    """Patches of every source at the points, and their truth: a class (`field`), measurements (`targets`) or label patches (`labels`).

    Attributes:
        padding: keep patches that reach over the image, padded by reflection.
        nodata_rule: a pixel has no data if "all" or "any" of its bands have none.
        output_records: folder for TFRecord shards, an output beside the patch images or instead of them.
        records_per_file: patches in one of them.
    """

    name: ClassVar[str] = "extractpatches"
    sources: tuple[PatchSource, ...] = ()
    points: str = ""
    points_layer: str = ""
    field: str = ""
    targets: tuple[str, ...] = ()
    labels: LabelImage = LabelImage()
    padding: bool = False
    nodata_rule: str = choice(NODATA_RULES)
    output_labels: str = ""
    rejected: str = ""
    output_records: str = ""
    records_per_file: int = bounded(1000, low=1)
    output_html: str = ""


@dataclass(frozen=True)
class CreateModel(Job):
    """An untrained model of the gallery.

    Attributes:
        bands: of each source; of a time series those of all dates, date after date.
        classes: to tell apart; 0: none.
        targets: measurements to estimate; 0: none. With classes as well, the model has two heads.
        dates: of the time series, for architectures that take one.
    """

    name: ClassVar[str] = "createmodel"
    architecture: str = ""
    bands: tuple[int, ...] = ()
    classes: int = bounded(2, low=0, high=65535)
    targets: int = bounded(0, low=0, high=4096)
    dates: int = bounded(1, low=1)
    seed: int = bounded(0, low=0)
    output: str = ""


@dataclass(frozen=True)
class InspectModel(Job):
    """What a model says of itself: inputs, outputs, geometry, classes. Two reports: HTML and JSON."""

    name: ClassVar[str] = "inspectmodel"
    model: str = ""
    output_html: str = ""
    output: str = ""


@dataclass(frozen=True)
class PatchSet(Part):
    """Samples with their truth.

    Attributes:
        sources: patch images, one a source, in the model's order of inputs.
        labels: the truth, one image a head of the model: classes or measurements of each patch, or label patches.
        records: folder of TFRecord shards that hold both, instead of them.
    """

    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    records: str = ""

    @property
    def given(self) -> bool:
        """Whether there is anything."""
        return bool(self.sources or self.labels or self.records)


@dataclass(frozen=True)
class Fitting(Part):
    """How the weights are found.

    Attributes:
        epochs: times that all samples are gone through, each once.
        batch_size: samples between two corrections of the weights.
        accumulation: parts in which a batch is computed, one after the other, where memory is small; the correction stays the same.
        learning_rate: size of the corrections, at its highest.
        schedule: how it goes on: along a cosine to 0 (cosine), as it is (constant), down to a hundredth in equal ratios (exponential),
            or down to a half whenever the validation has not improved for a fifth of the epochs (plateau).
        warmup: epochs in which it rises from 0.
        optimizer: adam, adamw (Adam with decoupled weight decay) or sgd (with a momentum of 0.9).
        weight_decay: of adamw and sgd.
        loss: automatic is cross-entropy for classes and the mean squared error for measurements; focal, dice (with cross-entropy) are for
            classes, mae and huber for measurements.
        loss_weights: of each head, "1, 0.5"; empty: all alike.
        balance_classes: rare classes count as much as frequent ones.
        monitor: by what the best epoch is chosen.
        patience: epochs without a better one after which training stops; 0: never.
        precision: fast computes in half precision where there is a GPU.
    """

    epochs: int = bounded(50, low=1)
    batch_size: int = bounded(64, low=1)
    accumulation: int = bounded(1, low=1)
    learning_rate: float = bounded(1e-3, above=0.0)
    schedule: str = choice(SCHEDULES)
    warmup: int = bounded(0, low=0)
    optimizer: str = choice(OPTIMIZERS)
    weight_decay: float = bounded(1e-4, low=0.0)
    loss: str = choice(LOSSES)
    loss_weights: str = ""
    balance_classes: bool = False
    monitor: str = choice(MONITORS)
    patience: int = bounded(0, low=0)
    precision: str = choice(PRECISIONS)


@dataclass(frozen=True)
class PatchAugmentation(Part):
    """What is changed at random in a training patch whenever it is shown.

    Attributes:
        poses: it is turned and mirrored.
        jitter: standard deviation of a factor and of a shift (in standard deviations of the band) of every band; 0: none.
        speckle: looks of a multiplicative noise, for radar; the fewer the more noise. 0: none.
    """

    poses: bool = False
    jitter: float = bounded(0.0, low=0.0, high=1.0)
    speckle: float = bounded(0.0, low=0.0)


@dataclass(frozen=True)
class GraphTraining(Part):
    """How a SavedModel is trained that brings its own training operation.

    Attributes:
        target_nodes: operations to run for a step, "optimizer"; empty: a Keras network is trained, by our own steps.
        label_placeholder: input that takes the truth; empty: the only one that nothing else feeds.
        loss_node: tensor to report as the loss; empty: one of a usual name, if there is any.
        predictions: the output to compare the truth with, "prediction"; empty: the first that gives whole numbers, else the first.
        placeholders: values of the other inputs while training, "lr=1e-4, is_training=true".
        validation_placeholders: the same while validating, "is_training=false"; those of the training do not count there.
        trust: train it even if it holds operations that touch files or the network, or run Python.
    """

    target_nodes: str = ""
    label_placeholder: str = ""
    loss_node: str = ""
    predictions: str = ""
    placeholders: str = ""
    validation_placeholders: str = ""
    trust: bool = False


@dataclass(frozen=True)
class TrainModel(Job):
    """Trains a model on patches.

    Attributes:
        task: what a head learns whose network does not tell: classes or measurements; automatic: as the truth looks.
        ignore: code of pixels or patches without truth; None: there are none.
        freeze: names of layers that do not learn, "conv1, block*".
        replace_head: begin with new last layers where the classes are others than the model's.
        distribution: devices of this machine that share every batch (mirrored), or of several machines (multiworker: TF_CONFIG or SLURM
            tells which).
        resume: go on from the last finished epoch of the same training, if it was stopped.
        memory: in MB; patches that fit in it are held, others are streamed from disk.
        output_last: the model with the weights of the last epoch instead of the best.
        output_csv: a row for each epoch.
        output_tensorboard: folder of logs for TensorBoard.
    """

    name: ClassVar[str] = "trainmodel"
    model: str = ""
    training: PatchSet = PatchSet()
    validation: PatchSet = PatchSet()
    fitting: Fitting = Fitting()
    augmentation: PatchAugmentation = PatchAugmentation()
    graph: GraphTraining = GraphTraining()
    task: str = choice(TASKS)
    ignore: Optional[int] = None
    freeze: str = ""
    replace_head: bool = False
    distribution: str = choice(DISTRIBUTIONS)
    resume: bool = False
    memory: int = bounded(2048, low=64)
    seed: int = bounded(0, low=0)
    output: str = ""
    output_last: str = ""
    output_html: str = ""
    output_csv: str = ""
    output_tensorboard: str = ""


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
    """

    path: str = ""
    outputs: tuple[str, ...] = ()
    dtype: str = choice(PIXEL_TYPES)
    scale: Optional[float] = None
    offset: Optional[float] = None


@dataclass(frozen=True)
class ServeModel(Job):
    """A model over images of any size.

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

    name: ClassVar[str] = "servemodel"
    sources: tuple[ServedSource, ...] = ()
    model: str = ""
    mode: str = choice(MODES)
    products: tuple[Product, ...] = ()
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
class Normalize(Job):
    """The bands of an image on a common scale, each by itself.

    Attributes:
        nodata: value that means "no data"; None: what the file says itself.
        method: percentile (`percentile_low` becomes 0, `percentile_high` 1), minmax (least and greatest value become 0 and 1), meanstd
            (mean 0, standard deviation 1) or constant ((value − `subtract`) ÷ `divide`, the same for all bands).
        clip: cut what percentile and minmax put outside of 0 … 1.
        dtype: float32 (no-data is NaN), or whole numbers, whose range from 1 on stands for 0 … 1 (no-data is 0).
        statistics: JSON file that an earlier run wrote as `output_statistics`: use these, so that images become comparable. Empty:
            the image's own.
    """

    name: ClassVar[str] = "normalize"
    image: str = ""
    nodata: Optional[float] = None
    method: str = choice(NORMALIZATIONS)
    percentile_low: float = bounded(2.0, low=0.0, high=100.0)
    percentile_high: float = bounded(98.0, low=0.0, high=100.0)
    subtract: float = 0.0
    divide: float = bounded(10000.0, above=0.0)
    clip: bool = True
    dtype: str = choice(NORMALIZED_TYPES)
    statistics: str = ""
    output: str = ""
    output_statistics: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.percentile_low >= self.percentile_high:
            raise BadParameter(
                "Percentiles", expected="the lower one below the upper one", received=f"{self.percentile_low:g}, {self.percentile_high:g}"
            )
        if self.dtype != "float32" and (self.method in ("meanstd", "constant") or not self.clip):
            raise BadParameter(
                f"Pixel type {self.dtype}",
                expected="values from 0 to 1: the method percentile or minmax, with values outside cut",
                received=f"method {self.method}" + ("" if self.clip else ", not cut"),
                remedy="Choose float32.",
            )


@dataclass(frozen=True)
class AssessAccuracy(Job):
    """How right a class map is, by a reference: either vector features (`truth`, `field`) or a raster of class codes (`reference`).

    Attributes:
        band: of the map, from 1.
        reference: on the map's grid; `nodata`: its value of pixels without reference; None: its own, if it has one.
        ignore: classes of the reference that do not count, by name or code, "unknown, 0".
        other_map: a second map on the same grid (its first band), to be compared with the first on the same samples.
        output: CSV, a row for each class.
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
    other_map: str = ""
    output: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class DrawMap(Job):
    """A picture: image (the bands of `images`, stacked), truth and map side by side, with the legend of the map's classes."""

    name: ClassVar[str] = "drawmap"
    images: tuple[str, ...] = ()
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    map: str = ""
    output: str = ""


JOBS: dict[str, type[Job]] = {job.name: job for job in Job.__subclasses__()}


def to_dict(job: Job) -> dict[str, Any]:
    """The job as plain values that JSON can carry."""
    return {"job": job.name, **asdict(job)}


def from_dict(values: dict[str, Any]) -> Job:
    """The job that `to_dict` described. Missing fields take their defaults.

    Raises:
        BadParameter: unknown job, unknown field, or a value of the wrong type or range.
    """
    job_class = JOBS.get(str(values.get("job")))
    if job_class is None:
        raise BadParameter("Unknown job", expected=", ".join(sorted(JOBS)), received=values.get("job"))
    return from_plain(job_class, {name: value for name, value in values.items() if name != "job"})


def outputs_of(job: Job) -> list[str]:
    """Paths that the job writes, inside its nested parts too."""
    return [path for path in _outputs(job) if path]


def _outputs(part: Any) -> list[str]:
    found: list[str] = []
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, tuple):
            for item in value:
                found += _outputs(item) if hasattr(item, "__dataclass_fields__") else []
        elif hasattr(value, "__dataclass_fields__"):
            found += _outputs(value)
        elif field.name.startswith("output_") or field.name in ("output", "rates", "rejected", "path"):
            found.append(value)
    return found

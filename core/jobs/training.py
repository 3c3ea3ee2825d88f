"""Models, and how they learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..fields import bounded, choice
from .base import PRECISIONS, Job, Part

TASKS = ("automatic", "classification", "regression")
SCHEDULES = ("cosine", "constant", "exponential", "plateau")
OPTIMIZERS = ("adam", "adamw", "sgd")
LOSSES = ("automatic", "focal", "dice", "mae", "huber")
MONITORS = ("automatic", "overall_accuracy", "f1", "iou", "rmse", "loss")
DISTRIBUTIONS = ("none", "mirrored", "multiworker")


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

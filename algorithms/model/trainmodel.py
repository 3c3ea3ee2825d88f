"""Training on patches."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...core import jobs
from ...core.errors import BadParameter
from ..base import Parameters
from ..values import Values
from .train_outputs import TrainOutputs
from .train_parameters import LABELS, VALIDATION

OUTPUTS = ("OUTPUT", "OUTPUT_LAST", "OUTPUT_HTML", "OUTPUT_CSV", "OUTPUT_TENSORBOARD")


class TrainModel(TrainOutputs):
    """Trains a model on patches, keeps the best weights, and reports what it learnt."""

    ID = "trainmodel"
    ICON = "trainmodel"

    def displayName(self) -> str:
        return self.tr("Train model")

    def group(self) -> str:
        return self.tr("Models")

    def groupId(self) -> str:
        return "model"

    def tags(self) -> list[str]:
        return self.tr(
            "deep learning,learn,fit,fine-tune,segmentation,regression,network,keras,tensorflow,TensorBoard,TensorflowModelTrain,OTBTF"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Trains a model on the patches of 'Extract patches', and writes the trained model and a report with its curves, accuracy, "
            "confusion matrix and examples.\n\n"
            "Classes of patches: labels with one class for each patch. Maps (segmentation): label patches, and a model that answers for "
            "every pixel; where the truth is only partly known, say which code stands for unknown. Measurements (regression): labels with "
            "numbers, and a model with targets. A model with several heads takes the labels of each.\n\n"
            "With validation patches the weights of the best epoch are kept, and the accuracy is that of the validation patches. Without, "
            "the figures are those of the training patches and say little about the map.\n\n"
            "The normalisation of the bands is learnt from the training patches and becomes a part of the model; so are the classes' "
            "names. A model that is trained already goes on from where it is (fine-tuning): keep layers from learning by their names, and "
            "replace the head for other classes.\n\n"
            "A training that was stopped goes on after its last finished epoch if you run it again and tick 'Resume'.\n\n"
            "Next: 'Serve model'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.add_model()
        self.add_everyday_settings()
        self.add_task()
        self.add_goal()
        self.add_schedule()
        self.add_augmentation()
        self.add_machine()
        self.add_graph()
        self.add_outputs()
        self.add_numbers()

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.TrainModel:
        values = Values(self, parameters, context, feedback)
        training = _patches(values, "")
        if not training.given:
            raise BadParameter("Training patches", expected="SOURCE1 and LABELS, or RECORDS", received="none")
        return jobs.TrainModel(
            model=values.file("MODEL"),
            training=training,
            validation=_patches(values, VALIDATION),
            fitting=_fitting(values),
            augmentation=jobs.PatchAugmentation(values.flag("AUGMENT"), values.real("JITTER"), values.real("SPECKLE")),
            graph=_graph(values),
            task=values.word("TASK"),
            ignore=values.optional_whole("IGNORE"),
            freeze=values.text("FREEZE").strip(),
            replace_head=values.flag("REPLACE_HEAD"),
            distribution=values.word("DISTRIBUTION"),
            resume=values.flag("RESUME"),
            memory=values.whole("MEMORY"),
            seed=values.whole("SEED"),
            **{name.lower(): values.file_output(name) for name in OUTPUTS},
        )


def _patches(values: Values, suffix: str) -> jobs.PatchSet:
    """The samples of a role.

    Raises:
        BadParameter: images as well as records, or only half of what belongs together.
    """
    name = "SOURCE{}" + suffix
    sources = values.sources(lambda values, index: values.raster(name.format(index)), name)
    labels, records = _labels(values, [label + suffix for label in LABELS]), values.file(f"RECORDS{suffix}")
    given = [f"SOURCE1{suffix}"] * bool(sources) + [f"LABELS{suffix}"] * bool(labels) + [f"RECORDS{suffix}"] * bool(records)
    if len(given) != (1 if records else 2) and given:
        expected = f"SOURCE1{suffix} and LABELS{suffix}, or RECORDS{suffix} alone"
        raise BadParameter("Validation patches" if suffix else "Training patches", expected=expected, received=" and ".join(given))
    return jobs.PatchSet(sources, labels, records)


def _labels(values: Values, names: list[str]) -> tuple[str, ...]:
    """Those of every head.

    Raises:
        BadParameter: one is left out between others: the heads of the model would be mixed up.
    """
    given = [name for name in names if values.given(name)]
    if given != names[: len(given)]:
        missing = next(name for name in names if name not in given)
        raise BadParameter(f"{missing} is empty", expected="the labels of all heads, in order", received=", ".join(given))
    return tuple(values.raster(name) for name in given)


def _fitting(values: Values) -> jobs.Fitting:
    return jobs.Fitting(
        epochs=values.whole("EPOCHS"),
        batch_size=values.whole("BATCH_SIZE"),
        accumulation=values.whole("ACCUMULATION"),
        learning_rate=values.real("LEARNING_RATE"),
        schedule=values.word("SCHEDULE"),
        warmup=values.whole("WARMUP"),
        optimizer=values.word("OPTIMIZER"),
        weight_decay=values.real("WEIGHT_DECAY"),
        loss=values.word("LOSS"),
        loss_weights=values.text("LOSS_WEIGHTS").strip(),
        balance_classes=values.flag("BALANCE_CLASSES"),
        monitor=values.word("MONITOR"),
        patience=values.whole("PATIENCE"),
        precision=values.word("PRECISION"),
    )


def _graph(values: Values) -> jobs.GraphTraining:
    return jobs.GraphTraining(
        target_nodes=values.text("TARGET_NODES").strip(),
        label_placeholder=values.text("LABEL_PLACEHOLDER").strip(),
        loss_node=values.text("LOSS_NODE").strip(),
        predictions=values.text("OUTPUTS").strip(),
        placeholders=values.text("USER_PLACEHOLDERS").strip(),
        validation_placeholders=values.text("USER_PLACEHOLDERS_VALIDATION").strip(),
        trust=values.flag("TRUST_MODEL"),
    )

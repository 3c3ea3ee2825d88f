"""Training on patches."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import USUAL_SOURCES, file_output, model_folder, model_output, of_field, raster, seed, source_numbers
from ..values import Values


class TrainModel(EngineAlgorithm):
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
        return self.tr("deep learning,learn,fit,fine-tune,network,keras,tensorflow,TensorflowModelTrain,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Trains a model on the patches of 'Extract patches', and writes the trained model and a report with its curves, confusion "
            "matrix, overall accuracy, kappa, and F1 of every class.\n\n"
            "With validation patches the weights of the best epoch are kept, and the accuracy is that of the validation patches. Without, "
            "the figures are those of the training patches and say little about the map.\n\n"
            "The normalisation of the bands is learnt from the training patches and becomes a part of the model; so are the classes' "
            "names. A model that is trained already goes on from where it is.\n\n"
            "Next: 'Serve model'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(model_folder(self.tr("Folder of the model to train; it stays as it is.")))
        self._add_patches("", self.tr("Patches of source {}"), self.tr("Labels"), optional=False)
        self._add_patches("_VALIDATION", self.tr("Validation patches of source {}"), self.tr("Validation labels"), optional=True)
        self._add_settings()
        self.addParameter(
            of_field(
                "MEMORY",
                self.tr("Memory budget"),
                self.tr("In MB. Patches that fit in it are held in memory, more are read from disk again and again."),
                jobs.TrainModel,
                "memory",
                advanced=True,
            )
        )
        self.addParameter(seed(jobs.TrainModel))
        self.addParameter(
            model_output(self.tr("Trained model"), self.tr("Folder of the model: a new one, an empty one, or an earlier model."))
        )
        html = self.tr("HTML files (*.html)")
        self.addParameter(
            file_output("OUTPUT_HTML", self.tr("Report"), self.tr("Curves, confusion matrix and accuracy, as one page."), html)
        )
        for name, label in (
            ("OVERALL_ACCURACY", self.tr("Overall accuracy")),
            ("KAPPA", self.tr("Kappa")),
            ("F1", self.tr("F1, mean of the classes")),
            ("BEST_EPOCH", self.tr("Epoch whose weights were kept")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def _add_patches(self, suffix: str, patches: str, labels: str, optional: bool) -> None:
        for index in source_numbers():
            text = self.tr("Patch image of 'Extract patches' for this input of the model.")
            missing, hidden = optional or index > 1, index > USUAL_SOURCES or (optional and index > 1)
            self.addParameter(raster(f"SOURCE{index}{suffix}", patches.format(index), text, missing, hidden))
        text = self.tr("Label image of 'Extract patches' that belongs to these patches.")
        self.addParameter(raster(f"LABELS{suffix}", labels, text, optional))

    def _add_settings(self) -> None:
        for name, label, text in (
            ("EPOCHS", self.tr("Epochs"), self.tr("How many times all patches are gone through.")),
            ("BATCH_SIZE", self.tr("Batch size"), self.tr("Patches between two corrections of the weights.")),
            ("LEARNING_RATE", self.tr("Learning rate"), self.tr("Size of the corrections, above 0; 0.001 suits most networks.")),
            ("BALANCE_CLASSES", self.tr("Balance the classes"), self.tr("Rare classes count as much as frequent ones.")),
            (
                "AUGMENT",
                self.tr("Flip and turn the patches"),
                self.tr("Shows the network every patch in its eight orientations, at random."),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.TrainModel, name.lower()))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.TrainModel:
        values = Values(self, parameters, context, feedback)
        return jobs.TrainModel(
            model=values.file("MODEL"),
            training=self._patches(values, ""),
            validation=self._patches(values, "_VALIDATION"),
            epochs=values.whole("EPOCHS"),
            batch_size=values.whole("BATCH_SIZE"),
            learning_rate=values.real("LEARNING_RATE"),
            balance_classes=values.flag("BALANCE_CLASSES"),
            augment=values.flag("AUGMENT"),
            memory=values.whole("MEMORY"),
            seed=values.whole("SEED"),
            output=values.file_output("OUTPUT"),
            output_html=values.file_output("OUTPUT_HTML"),
        )

    def _patches(self, values: Values, suffix: str) -> jobs.PatchSet:
        name = "SOURCE{}" + suffix
        sources = values.sources(lambda values, index: values.raster(name.format(index)), name)
        return jobs.PatchSet(sources, values.raster(f"LABELS{suffix}"))

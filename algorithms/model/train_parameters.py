"""The parameters of *Train model*: what is trained, on what, and how the weights are found. The others are in train_outputs.py."""

from __future__ import annotations

from ...core import jobs
from ..base import EngineAlgorithm
from ..parameters import USUAL_SOURCES, folder, model_folder, of_field, optional_number, raster, source_numbers

VALIDATION = "_VALIDATION"
LABELS = ("LABELS", "LABELS2", "LABELS3", "LABELS4")  # one a head of the model


class TrainParameters(EngineAlgorithm):
    """Declares them; the algorithm itself makes a job of their values."""

    def add_model(self) -> None:
        """The model and its patches."""
        text = self.tr(
            "Folder of the model to train: one of 'Create model' or of an earlier training, a folder that holds a .keras file, or a "
            "SavedModel with a training operation of its own. It stays as it is."
        )
        self.addParameter(model_folder(text))
        self._add_patches("", self.tr("Patches of source {}"), self.tr("Labels"), self.tr("Labels of head {}"))
        self._add_patches(
            VALIDATION, self.tr("Validation patches of source {}"), self.tr("Validation labels"), self.tr("Validation labels of head {}")
        )
        text = self.tr("Folder of TFRecord shards of 'Extract patches', or of OTBTF, instead of patch images and labels.")
        self.addParameter(folder("RECORDS", self.tr("TFRecords"), text))
        self.addParameter(folder(f"RECORDS{VALIDATION}", self.tr("Validation TFRecords"), text))

    def _add_patches(self, suffix: str, patches: str, labels: str, more_labels: str) -> None:
        for index in source_numbers():
            text = self.tr("Patch image of 'Extract patches' for this input of the model.")
            hidden = index > (1 if suffix else USUAL_SOURCES)
            self.addParameter(raster(f"SOURCE{index}{suffix}", patches.format(index), text, optional=True, advanced=hidden))
        text = self.tr(
            "Label image of 'Extract patches' that belongs to these patches: a class or measurements for each patch, or label patches, for "
            "models that answer for every pixel."
        )
        self.addParameter(raster(f"LABELS{suffix}", labels, text, optional=True))
        for head, name in enumerate(LABELS[1:], start=2):
            text = self.tr("The truth of a further head, for models that have several.")
            self.addParameter(raster(f"{name}{suffix}", more_labels.format(head), text, optional=True, advanced=True))

    def add_everyday_settings(self) -> None:
        """What most trainings set."""
        for name, label, text in (
            ("EPOCHS", self.tr("Epochs"), self.tr("How many times all patches are gone through.")),
            ("BATCH_SIZE", self.tr("Batch size"), self.tr("Patches between two corrections of the weights.")),
            ("LEARNING_RATE", self.tr("Learning rate"), self.tr("Size of the corrections, above 0; 0.001 suits most networks.")),
            ("BALANCE_CLASSES", self.tr("Balance the classes"), self.tr("Rare classes count as much as frequent ones.")),
        ):
            self.addParameter(of_field(name, label, text, jobs.Fitting, name.lower()))
        text = self.tr("Shows the network every patch in its eight orientations, at random.")
        self.addParameter(of_field("AUGMENT", self.tr("Flip and turn the patches"), text, jobs.PatchAugmentation, "poses"))

    def add_task(self) -> None:
        """What is learnt, and by which part of the network."""
        text = self.tr(
            "What a network learns whose last layer does not tell: classes or measurements. automatic: as the truth looks; whole numbers "
            "are classes."
        )
        self.addParameter(of_field("TASK", self.tr("Task"), text, jobs.TrainModel, "task", advanced=True))
        text = self.tr("Code of pixels or patches without truth: they are not learnt from, and count in no score. Empty: there are none.")
        self.addParameter(optional_number("IGNORE", self.tr("Code without truth"), text, whole=True, advanced=True))
        text = self.tr(
            "Fine-tuning: names of layers that keep what they know, with commas between; * and ? stand for any letters: conv1, block*. "
            "Empty: all layers learn. The training report lists the layers."
        )
        self.addParameter(of_field("FREEZE", self.tr("Layers that do not learn"), text, jobs.TrainModel, "freeze", advanced=True))
        text = self.tr("Fine-tuning: begins with new last layers where the classes of the labels are others than the model's.")
        self.addParameter(of_field("REPLACE_HEAD", self.tr("Replace the head"), text, jobs.TrainModel, "replace_head", advanced=True))

    def add_augmentation(self) -> None:
        """What else is changed at random in a training patch whenever it is shown."""
        text = self.tr(
            "Brightness and contrast of every band change at random, by this standard deviation: 0.1 suits images of other dates or "
            "sensors. 0: not at all."
        )
        self.addParameter(of_field("JITTER", self.tr("Jitter of the bands"), text, jobs.PatchAugmentation, "jitter", advanced=True))
        text = self.tr("Looks of a multiplicative noise, for radar images: the fewer, the more noise. 0: none.")
        self.addParameter(of_field("SPECKLE", self.tr("Speckle"), text, jobs.PatchAugmentation, "speckle", advanced=True))

    def add_schedule(self) -> None:
        """How the corrections are made."""
        for name, label, text in (
            (
                "SCHEDULE",
                self.tr("Learning rate schedule"),
                self.tr(
                    "How the learning rate goes on: along a cosine to 0, constant, exponential (down to a hundredth), or down to a half at "
                    "every plateau of the validation."
                ),
            ),
            ("WARMUP", self.tr("Warm-up"), self.tr("Epochs in which the learning rate rises from 0.")),
            (
                "OPTIMIZER",
                self.tr("Optimizer"),
                self.tr("adam suits; adamw with weight decay suits large networks; sgd is gradient descent with momentum."),
            ),
            ("WEIGHT_DECAY", self.tr("Weight decay"), self.tr("Of adamw and sgd: pulls the weights to 0, against learning by heart.")),
            (
                "ACCUMULATION",
                self.tr("Parts of a batch"),
                self.tr("A batch is computed in so many parts, one after the other, where memory is small; the correction stays the same."),
            ),
            (
                "PRECISION",
                self.tr("Precision"),
                self.tr("fast: half precision where the graphics card has it, with small differences."),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.Fitting, name.lower(), advanced=True))

    def add_goal(self) -> None:
        """What is made small, and which epoch is the best."""
        for name, label, text in (
            (
                "LOSS",
                self.tr("Loss"),
                self.tr(
                    "automatic: cross-entropy for classes, squared error for measurements. For classes: focal looks at what is hard, dice "
                    "(with cross-entropy) at small objects in maps. For measurements: mae and huber bear outliers."
                ),
            ),
            (
                "LOSS_WEIGHTS",
                self.tr("Weights of the heads"),
                self.tr("How much each head counts, for models that have several: 1, 0.5. Empty: all alike."),
            ),
            (
                "MONITOR",
                self.tr("Best epoch by"),
                self.tr(
                    "Figure of the validation patches by which the best epoch is chosen. automatic: mean IoU of maps, overall accuracy of "
                    "patches, RMSE of measurements."
                ),
            ),
            ("PATIENCE", self.tr("Patience"), self.tr("Training ends after so many epochs without a better one. 0: never before its end.")),
        ):
            self.addParameter(of_field(name, label, text, jobs.Fitting, name.lower(), advanced=True))

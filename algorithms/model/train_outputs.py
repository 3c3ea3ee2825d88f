"""The parameters of *Train model* about the machine, about models that bring their own training operation, and what is written."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputNumber

from ...core import jobs
from ..parameters import file_output, folder_output, model_output, of_field, seed
from .train_parameters import TrainParameters


class TrainOutputs(TrainParameters):
    """Declares them."""

    def add_graph(self) -> None:
        """What only SavedModels with a training operation need."""
        placeholders = self.tr(
            "Values for the model's inputs that take no patches: name=value with commas between, such as lr=1e-4, is_training=true. "
            "Empty: none."
        )
        for name, field, label, text in (
            (
                "TARGET_NODES",
                "target_nodes",
                self.tr("Target nodes"),
                self.tr(
                    "For SavedModels with a training operation of their own, as OTBTF's: the operations to run for a step, with commas "
                    "between, such as optimizer. Empty: the model is a Keras network."
                ),
            ),
            (
                "LABEL_PLACEHOLDER",
                "label_placeholder",
                self.tr("Label placeholder"),
                self.tr("Input of such a model that takes the labels; several with commas between. Empty: the only one that is left."),
            ),
            (
                "LOSS_NODE",
                "loss_node",
                self.tr("Loss node"),
                self.tr("Tensor of such a model to report as the loss. Empty: one of a usual name, if there is any."),
            ),
            (
                "OUTPUTS",
                "predictions",
                self.tr("Outputs of the model"),
                self.tr(
                    "Of such a model: the output to compare with the labels, such as prediction. Empty: its first one of whole numbers."
                ),
            ),
            ("USER_PLACEHOLDERS", "placeholders", self.tr("User placeholders"), placeholders),
            (
                "USER_PLACEHOLDERS_VALIDATION",
                "validation_placeholders",
                self.tr("User placeholders while validating"),
                self.tr("The same while validating, such as is_training=false; those of the training do not count here."),
            ),
            (
                "TRUST_MODEL",
                "trust",
                self.tr("Trust the model"),
                self.tr(
                    "Trains such a model even if it holds operations that read or write files, use the network or run Python. Tick it only "
                    "if you know who made the model and what it needs them for."
                ),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.GraphTraining, field, advanced=True))

    def add_machine(self) -> None:
        """Where and how it is computed."""
        for name, label, text in (
            (
                "DISTRIBUTION",
                self.tr("Distribution"),
                self.tr(
                    "mirrored: all graphics cards of this machine share every batch. multiworker: those of several machines do, where "
                    "TF_CONFIG or SLURM tells which."
                ),
            ),
            (
                "RESUME",
                self.tr("Resume"),
                self.tr(
                    "Goes on after the last finished epoch of the same training, if it was stopped. The trained model needs a name of its "
                    "own: a temporary one is not found again. A changed model, patch image or parameter starts afresh."
                ),
            ),
            (
                "MEMORY",
                self.tr("Memory budget"),
                self.tr("In MB. Patches that fit in it are held in memory, more are read from disk again and again."),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.TrainModel, name.lower(), advanced=True))
        self.addParameter(seed(jobs.TrainModel))

    def add_outputs(self) -> None:
        """Models, reports and logs."""
        text = self.tr("Folder of the model with the weights of the best epoch: a new one, an empty one, or an earlier model.")
        self.addParameter(model_output(self.tr("Trained model"), text))
        html, csv = self.tr("HTML files (*.html)"), self.tr("CSV files (*.csv)")
        text = self.tr("Curves, accuracy, confusion matrix, examples, model and settings, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, html))
        text = self.tr("Folder of the model with the weights of the last epoch.")
        self.addParameter(folder_output("OUTPUT_LAST", self.tr("Model of the last epoch"), text))
        text = self.tr("A row for every epoch, with all figures of the training and the validation.")
        self.addParameter(file_output("OUTPUT_CSV", self.tr("Table of the epochs"), text, csv, wanted=False, advanced=True))
        text = self.tr("Folder of logs to watch while it trains: tensorboard --logdir FOLDER. Every training adds a run to it.")
        self.addParameter(folder_output("OUTPUT_TENSORBOARD", self.tr("Logs for TensorBoard"), text))

    def add_numbers(self) -> None:
        """What models and scripts can go on with; those of classes, or those of measurements."""
        for name, label in (
            ("OVERALL_ACCURACY", self.tr("Overall accuracy")),
            ("KAPPA", self.tr("Kappa")),
            ("F1", self.tr("F1, mean of the classes")),
            ("IOU", self.tr("IoU, mean of the classes")),
            ("MAE", self.tr("Mean absolute error")),
            ("RMSE", self.tr("Root mean squared error")),
            ("R2", self.tr("R²")),
            ("BEST_EPOCH", self.tr("Epoch whose weights were kept")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

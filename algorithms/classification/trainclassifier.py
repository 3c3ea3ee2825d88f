"""Training a classifier on pixels, deep features, or both."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import attribute, file_output, of_field, seed, vector
from ..values import Values
from .learning import add_learning, read_learning
from .shared import add_model, add_reading, add_sources, read_source


class TrainClassifier(EngineAlgorithm):
    """Trains a random forest or another classifier, and reports how good it is and what it goes by."""

    ID = "trainclassifier"
    ICON = "trainclassifier"

    def displayName(self) -> str:
        return self.tr("Train classifier")

    def group(self) -> str:
        return self.tr("Classification")

    def groupId(self) -> str:
        return "classification"

    def tags(self) -> list[str]:
        return self.tr(
            "random forest,support vector machine,SVM,boosting,decision tree,kNN,Bayes,perceptron,scikit-learn,machine learning,"
            "TrainVectorClassifier,TrainImagesClassifier,TrainClassifierFromDeepFeatures,OTB,OTBTF"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Trains a random forest, or one of six other classifiers, on the features of sample points: the bands of the images, means and "
            "deviations of a neighbourhood, normalised differences of bands, outputs of a model (deep features), or all together. A model "
            "is computed at the samples only, not over the image.\n\n"
            "Sources may have different pixel sizes; none is resampled. Classes may be named by numbers or by text.\n\n"
            "The accuracy is that of validation samples where they are given; of a forest else that of each sample by the trees that have "
            "not seen it, of others by cross-validation. Neighbouring samples are alike: give validation samples that lie apart, or a "
            "spatial block.\n\n"
            "The classifier is one .skops file, which holds no program that could run; it knows its bands, its model and its classes.\n\n"
            "Next: 'Classify image'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        add_sources(self, self.tr("The images whose bands are features, or the model's inputs in its order."))
        self.addParameter(vector("SAMPLES", self.tr("Samples"), self.tr("Points whose class is known, in any CRS."), "points"))
        text = self.tr("Numbers or text; points without are left out.")
        self.addParameter(attribute("FIELD", self.tr("Field of the class"), text, "SAMPLES"))
        text = self.tr("Points with the same field that the classifier is judged by; best far from the others. Empty: none.")
        self.addParameter(vector("SAMPLES_VALIDATION", self.tr("Validation samples"), text, "points", optional=True))
        self._add_features()
        add_learning(self)
        self._add_judging()
        self._add_foreign()
        add_reading(self, jobs.TrainClassifier)
        self.addParameter(seed(jobs.TrainClassifier))
        self._add_outputs()

    def _add_features(self) -> None:
        add_model(self, self.tr("Folder of a model whose outputs at the samples are features. Empty: the bands alone."))
        for name, label, text in (
            (
                "FEATURES",
                self.tr("Outputs of the model"),
                self.tr("Names with commas between. Empty: its deep features, or its main output."),
            ),
            ("USE_BANDS", self.tr("Use the bands"), self.tr("The values of all bands are features; with a model, beside its outputs.")),
            (
                "NEIGHBOURHOOD",
                self.tr("Neighbourhood"),
                self.tr(
                    "Side, in pixels of each source, of the square about a pixel whose means and standard deviations are features as well; "
                    "odd. 0: none."
                ),
            ),
            (
                "INDICES",
                self.tr("Indices"),
                self.tr(
                    "Pairs of bands whose normalised differences, (first − second) ÷ (first + second), are features as well: B08:B04, "
                    "B03:B08, by name, or by number from 1 on through all sources. Empty: none."
                ),
            ),
        ):
            if name == "FEATURES":
                self._add_text(name, label, text)
            else:
                self.addParameter(of_field(name, label, text, jobs.TrainClassifier, name.lower()))

    def _add_judging(self) -> None:
        for name, label, text in (
            (
                "GRID_SEARCH",
                self.tr("Search for the best parameters"),
                self.tr("Tries several values of what matters most for the classifier, and takes the best in cross-validation."),
            ),
            ("FOLDS", self.tr("Parts of the cross-validation"), self.tr("Each is judged by a classifier trained on the others.")),
            (
                "SPATIAL_BLOCK",
                self.tr("Spatial block"),
                self.tr(
                    "Side, in map units, of squares whose samples stay together in cross-validation, so that no sample is judged by its "
                    "neighbours. 0: none."
                ),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.TrainClassifier, name.lower(), advanced=True))

    def _add_foreign(self) -> None:
        """What only models of other programs need."""
        text = self.tr("Empty: serving_default, or the only one that the model has.")
        self._add_text("SIGNATURE", self.tr("Signature of the model"), text)
        text = self.tr("Values for the model's inputs that take no image: name=value with commas between. Empty: none.")
        self._add_text("USER_PLACEHOLDERS", self.tr("User placeholders"), text, "placeholders")
        text = self.tr("Loads the model even if it could read or write files, use the network or run Python. Only if you know who made it.")
        self.addParameter(of_field("TRUST_MODEL", self.tr("Trust the model"), text, jobs.TrainClassifier, "trust", advanced=True))

    def _add_text(self, name: str, label: str, text: str, field: str = "signature") -> None:
        self.addParameter(of_field(name, label, text, jobs.TrainClassifier, field, advanced=True))

    def _add_outputs(self) -> None:
        skops, html = self.tr("Classifiers (*.skops)"), self.tr("HTML files (*.html)")
        text = self.tr("One file with all that 'Classify image' needs, but for the model.")
        self.addParameter(file_output("OUTPUT", self.tr("Classifier"), text, skops, optional=False))
        text = self.tr("Accuracy, confusion matrix and importance of the features, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, html))
        for name, label in (
            ("OVERALL_ACCURACY", self.tr("Overall accuracy")),
            ("KAPPA", self.tr("Kappa")),
            ("F1", self.tr("F1, mean of the classes")),
            ("SAMPLES", self.tr("Samples trained on")),
            ("FEATURES", self.tr("Features")),
            ("CLASSES", self.tr("Classes")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.TrainClassifier:
        values = Values(self, parameters, context, feedback)
        samples, samples_layer = values.vector("SAMPLES")
        validation, validation_layer = values.vector("SAMPLES_VALIDATION") if values.given("SAMPLES_VALIDATION") else ("", "")
        return jobs.TrainClassifier(
            sources=values.sources(read_source),
            use_bands=values.flag("USE_BANDS"),
            neighbourhood=values.whole("NEIGHBOURHOOD"),
            indices=values.text("INDICES").strip(),
            model=values.file("MODEL"),
            features=tuple(name.strip() for name in values.text("FEATURES").split(",") if name.strip()),
            signature=values.text("SIGNATURE").strip(),
            placeholders=values.text("USER_PLACEHOLDERS").strip(),
            trust=values.flag("TRUST_MODEL"),
            nodata_rule=values.word("NODATA_RULE"),
            resample=values.word("RESAMPLE"),
            samples=samples,
            samples_layer=samples_layer,
            field=values.text("FIELD"),
            validation=validation,
            validation_layer=validation_layer,
            learning=read_learning(values),
            grid_search=values.flag("GRID_SEARCH"),
            folds=values.whole("FOLDS"),
            spatial_block=values.real("SPATIAL_BLOCK"),
            seed=values.whole("SEED"),
            output=values.file_output("OUTPUT"),
            output_html=values.file_output("OUTPUT_HTML"),
        )

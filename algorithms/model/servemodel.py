"""A model over images of any size."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..layers import style_when_loaded
from ..parameters import explained, extent, model_folder, nodata, of_field, raster_output, source, source_numbers
from ..values import Values


class ServeModel(EngineAlgorithm):
    """Applies a model to images, block by block, and writes its map on the grid of source 1."""

    ID = "servemodel"
    ICON = "servemodel"

    def displayName(self) -> str:
        return self.tr("Serve model")

    def group(self) -> str:
        return self.tr("Models")

    def groupId(self) -> str:
        return "model"

    def tags(self) -> list[str]:
        return self.tr("deep learning,predict,inference,apply,classify,map,TensorflowModelServe,OTBTF,SR4RS").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Applies a model to images of any size. The map covers the whole extent of source 1, or the part asked for, at its exact "
            "place, whatever the block size.\n\n"
            "What the model takes and gives is read from the model; nothing has to be typed. A class map comes with the names and colours "
            "of its classes. Modes: fully_convolutional computes large blocks at once; patch_based computes a patch for every output "
            "pixel, which any model can; automatic takes the first where the model allows it.\n\n"
            "The images must have the bands that the model was trained with, in the same order; a model that knows the names of its bands "
            "refuses others.\n\n"
            "Models of other programs (TensorFlow 1 and 2, OTBTF, SR4RS) work too: choose one of several signatures, name outputs as the "
            "signature or the graph does, and give values for inputs that take no image. A model is a program: one that would read or "
            "write files, use the network or run Python is refused unless you say that you trust it."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        for index in source_numbers():
            self.addParameter(source(index, self.tr("The images to apply the model to.")))
            self.addParameter(nodata(index))
        self.addParameter(model_folder())
        text = self.tr("The part of source 1 to compute, in any CRS. Empty: all of it.")
        self.addParameter(extent(text))
        self._add_choices()
        for index in source_numbers():
            what = self.tr("Receptive field of source {}").format(index)
            self._add_size(f"RECEPTIVE_FIELD{index}", what, self.tr("In pixels of this source. Empty: read from the model."))
        self._add_size("EXPRESSION_FIELD", self.tr("Expression field"), self.tr("In output pixels. Empty: read from the model."))
        self._add_text(
            "SCALE_FACTOR",
            self.tr("Scale factor"),
            self.tr("Output pixel size ÷ pixel size of source 1, such as 1/4. Empty: read from the model."),
        )
        self._add_foreign()
        self._add_outputs()

    def _add_foreign(self) -> None:
        """What only models of other programs need."""
        for name, label, text in (
            ("SIGNATURE", self.tr("Signature of the model"), self.tr("Empty: serving_default, or the only one that the model has.")),
            (
                "USER_PLACEHOLDERS",
                self.tr("User placeholders"),
                self.tr(
                    "Values for the model's inputs that take no image: name=value with commas between, such as lr=1e-4, "
                    "is_training=false, sizes=1 2 3. Empty: none."
                ),
            ),
        ):
            self._add_text(name, label, text)
        trust = self.tr(
            "Loads the model even if it holds operations that read or write files, use the network or run Python. Tick it only if you know "
            "who made the model and what it needs them for."
        )
        self.addParameter(of_field("TRUST_MODEL", self.tr("Trust the model"), trust, jobs.ServeModel, "trust", advanced=True))

    def _add_choices(self) -> None:
        self._add_text(
            "OUTPUTS",
            self.tr("Outputs of the model"),
            self.tr(
                "Names with commas between, as its signature or its graph has them (prediction:0); they are stacked. Empty: its main one."
            ),
        )
        for name, label, text in (
            ("MODE", self.tr("Mode"), self.tr("How the model is applied; automatic suits.")),
            ("BLOCK_SIZE", self.tr("Block size"), self.tr("Output pixels on a side computed at once. 0: from the memory budget.")),
            ("MEMORY", self.tr("Memory budget"), self.tr("In MB. 0: a share of what is free.")),
            (
                "EDGES",
                self.tr("Edges"),
                self.tr("What stands for the pixels outside the image; valid: what would need them becomes no-data."),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.ServeModel, name.lower(), advanced=True))

    def _add_text(self, name: str, label: str, text: str) -> None:
        self.addParameter(explained(QgsProcessingParameterString(name, label, None, False, True), text, advanced=True))

    def _add_size(self, name: str, what: str, text: str) -> None:
        whole = QgsProcessingParameterNumber.Type.Integer
        for axis, label in (("X", self.tr("{}: width")), ("Y", self.tr("{}: height"))):
            parameter = QgsProcessingParameterNumber(f"{name}_{axis}", label.format(what), whole, None, True, 1)
            self.addParameter(explained(parameter, text, advanced=True))

    def _add_outputs(self) -> None:
        self.addParameter(raster_output("OUTPUT", self.tr("Map"), self.tr("GeoTIFF on the grid of source 1 (times the scale factor).")))
        self.addParameter(
            raster_output(
                "PROBABILITIES",
                self.tr("Probabilities"),
                self.tr("GeoTIFF with a band for each class, from 0 to 1; of models that tell them."),
                optional=True,
            )
        )
        for name, label in (
            ("BLOCK_SIZE", self.tr("Block size used, in output pixels")),
            ("WIDTH", self.tr("Width of the map, in pixels")),
            ("HEIGHT", self.tr("Height of the map, in pixels")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.ServeModel:
        values = Values(self, parameters, context, feedback)
        names = tuple(name.strip() for name in values.text("OUTPUTS").split(",") if name.strip())
        products = [jobs.Product(values.output("OUTPUT"), names)]
        if values.given("PROBABILITIES"):
            products.append(jobs.Product(values.output("PROBABILITIES"), ("probabilities",)))
        return jobs.ServeModel(
            sources=values.sources(_source),
            model=values.file("MODEL"),
            mode=values.word("MODE"),
            products=tuple(products),
            expression_field=values.optional_size("EXPRESSION_FIELD"),
            scale_factor=values.text("SCALE_FACTOR").strip(),
            extent=values.extent("EXTENT", "SOURCE1"),
            block_size=values.whole("BLOCK_SIZE"),
            memory=values.whole("MEMORY"),
            edges=values.word("EDGES"),
            signature=values.text("SIGNATURE").strip(),
            placeholders=values.text("USER_PLACEHOLDERS").strip(),
            trust=values.flag("TRUST_MODEL"),
        )

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        numbers = {name: outputs[name] for name in ("BLOCK_SIZE", "WIDTH", "HEIGHT")}
        paths = {"OUTPUT": outputs["OUTPUT"]}
        if "OUTPUT2" in outputs:
            paths["PROBABILITIES"] = outputs["OUTPUT2"]
        for path in paths.values():
            style_when_loaded(path, context)
        return {**numbers, **paths}


def _source(values: Values, index: int) -> jobs.ServedSource:
    return jobs.ServedSource(
        images=values.rasters(f"SOURCE{index}"),
        nodata=values.optional_real(f"NODATA{index}"),
        receptive_field=values.optional_size(f"RECEPTIVE_FIELD{index}"),
    )

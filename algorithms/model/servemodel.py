"""A model over images of any size."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...core import jobs
from ..base import Parameters
from ..layers import style_when_loaded
from ..values import Values
from .serve_parameters import ServeParameters, outputs_of_model, served_source


class ServeModel(ServeParameters):
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

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.ServeModel:
        values = Values(self, parameters, context, feedback)
        names = outputs_of_model(values)
        as_stored = values.word("OUTPUT_TYPE"), values.optional_real("OUTPUT_SCALE"), values.optional_real("OUTPUT_OFFSET")
        products = [jobs.Product(values.output("OUTPUT"), names, *as_stored)]
        if values.given("PROBABILITIES"):
            products.append(jobs.Product(values.output("PROBABILITIES"), ("probabilities",), *as_stored))
        return jobs.ServeModel(
            sources=values.sources(served_source),
            products=tuple(products),
            extent=values.extent("EXTENT", "SOURCE1"),
            **self._options(values),
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

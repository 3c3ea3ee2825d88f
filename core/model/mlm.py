"""The contract as a document that others can read: a STAC Item with the Machine Learning Model extension (MLM).

What the extension has no word for is told in properties under our own prefix `tensorscape:` (it allows them): receptive and expression
field, scale factor, the kind and band names of an output. Specification: https://github.com/stac-extensions/mlm
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from fractions import Fraction
from typing import Any

import pystac
from pystac.extensions.classification import Classification
from pystac.extensions.mlm import CLASSES_RESULT_PROP, InputStructure, MLMExtension, ModelInput, ModelOutput, ResultStructure, TaskType
from pystac.extensions.raster import DataType

from ..classes import LandClass
from ..errors import BadModel
from .contract import Contract, InputSpec, OutputSpec

PREFIX = "tensorscape:"
REMEDY = "Train or create the model again; or remove the document, and the model is served as a foreign one."
_FAULTS = (
    *(pystac.STACError, pystac.STACTypeError, pystac.ExtensionNotImplemented, pystac.RequiredPropertyMissing),
    *(TypeError, ValueError, AttributeError, IndexError, ArithmeticError),
)  # what pystac, and reading plain values, raise on a document that is not what it should be
_TASKS = {
    "classes": [TaskType.CLASSIFICATION],
    "probabilities": [TaskType.CLASSIFICATION],
    "features": [TaskType.SIMILARITY_SEARCH],
    "values": [TaskType.REGRESSION],
}


def to_document(contract: Contract) -> dict[str, Any]:
    """The contract as the plain values of a STAC Item."""
    properties = {
        "title": contract.name,
        f"{PREFIX}expression_field": list(contract.expression_field),
        f"{PREFIX}scale_factor": str(contract.scale_factor),
        f"{PREFIX}fully_convolutional": contract.fully_convolutional,
        f"{PREFIX}trained": contract.trained,
        f"{PREFIX}margin": list(contract.margin),
    }
    names = list(dict.fromkeys(name for spec in contract.inputs for name in spec.bands))
    if names:
        properties["bands"] = [{"name": name} for name in names]
    item = pystac.Item(_slug(contract.name), geometry=None, bbox=None, datetime=datetime.now(timezone.utc), properties=properties)
    MLMExtension.ext(item, add_if_missing=True).apply(
        name=_slug(contract.name),
        architecture=contract.architecture or "unknown",
        tasks=list(dict.fromkeys(task for spec in contract.outputs for task in _TASKS[spec.kind])),
        input=[_input(spec, contract.fully_convolutional) for spec in contract.inputs],
        output=[_output(spec, contract.fully_convolutional) for spec in contract.outputs],
        framework="TensorFlow",
    )
    kind = {"mlm:artifact_type": "tf.saved_model.save"}
    item.add_asset("model", pystac.Asset("../saved_model.pb", roles=["mlm:model"], extra_fields=kind))
    return item.to_dict(include_self_link=False)


def _input(spec: InputSpec, any_size: bool) -> ModelInput:
    width, height = (-1, -1) if any_size else spec.receptive_field
    structure = InputStructure.create([-1, height, width, spec.band_count], ["batch", "height", "width", "channel"], DataType(spec.dtype))
    described = ModelInput.create(spec.name, list(spec.bands), structure)
    described.properties[f"{PREFIX}receptive_field"] = list(spec.receptive_field)
    described.properties[f"{PREFIX}spacing"] = spec.spacing
    return described


def _output(spec: OutputSpec, any_size: bool) -> ModelOutput:
    places = {"batch": -1, "height": -1, "width": -1} if any_size else {"batch": -1}
    depth = {} if spec.kind == "classes" else {"class" if spec.kind == "probabilities" else "channel": len(spec.bands) or -1}
    shape = places | depth
    structure = ResultStructure.create(list(shape.values()), list(shape), DataType(spec.dtype))
    described = ModelOutput.create(spec.name, _TASKS[spec.kind], structure, classes=[_class(c) for c in spec.classes] or None)
    described.properties[f"{PREFIX}kind"] = spec.kind
    described.properties[f"{PREFIX}bands"] = list(spec.bands)
    described.properties[f"{PREFIX}nodata"] = "nan" if spec.nodata is not None and math.isnan(spec.nodata) else spec.nodata
    return described


def _class(land_class: LandClass) -> Classification:
    colour = "{:02X}{:02X}{:02X}".format(*land_class.colour)
    return Classification.create(land_class.code, name=_slug(land_class.name), title=land_class.name, color_hint=colour)


def _slug(text: str) -> str:
    """The text as the standards want names for machines: starts with a letter, then letters, digits, - and _; three at least."""
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")
    return slug if re.fullmatch(r"[A-Za-z].+[A-Za-z0-9]", slug) else f"n-{slug or 0}"


def from_document(document: Any) -> Contract:
    """The contract that `to_document` described.

    Raises:
        BadModel: naming the part that is missing or wrong.
    """
    with _reading("the STAC Item"):
        item = pystac.Item.from_dict(document, migrate=False)
        model = MLMExtension.ext(item)
        properties = item.properties
    with _reading("mlm:input"):
        inputs = tuple(_input_spec(part) for part in model.input)
    with _reading("mlm:output"):
        outputs = tuple(_output_spec(part) for part in model.output)
    with _reading("the properties"):
        return Contract(
            name=str(properties.get("title", model.mlm_name)),
            inputs=inputs,
            outputs=outputs,
            expression_field=tuple(properties[f"{PREFIX}expression_field"]),
            scale_factor=Fraction(properties[f"{PREFIX}scale_factor"]),
            fully_convolutional=bool(properties[f"{PREFIX}fully_convolutional"]),
            architecture="" if model.architecture == "unknown" else model.architecture,
            trained=bool(properties.get(f"{PREFIX}trained", True)),
            margin=tuple(properties.get(f"{PREFIX}margin", (0, 0))),
        )


def _input_spec(part: ModelInput) -> InputSpec:
    extra = part.properties
    bands = tuple(band if isinstance(band, str) else band.name for band in part.bands)
    field, spacing = tuple(extra[f"{PREFIX}receptive_field"]), extra.get(f"{PREFIX}spacing")
    return InputSpec(part.name, bands, int(part.input.shape[-1]), DataType(part.input.data_type).value, field, spacing)


def _output_spec(part: ModelOutput) -> OutputSpec:
    extra = part.properties
    classes = tuple(_land_class(c) for c in extra.get(CLASSES_RESULT_PROP, ()))
    bands, nodata = tuple(extra[f"{PREFIX}bands"]), extra.get(f"{PREFIX}nodata")
    dtype = DataType(part.result.data_type).value
    return OutputSpec(part.name, extra[f"{PREFIX}kind"], bands, dtype, classes, None if nodata is None else float(nodata))


def _land_class(values: dict[str, Any]) -> LandClass:
    name, colour = values.get("title", values["name"]), f"#{values.get('color_hint', '808080')}"
    return LandClass.from_plain({"code": values["value"], "name": name, "colour": colour})


@contextlib.contextmanager
def _reading(place: str) -> Iterator[None]:
    """A fault while a part is read becomes a BadModel that names the part."""
    try:
        yield
    except BadModel:
        raise
    except KeyError as error:
        raise BadModel(f"In {place}", expected=f"the property {error}", received="none") from error
    except _FAULTS as error:
        raise BadModel(f"In {place}: {type(error).__name__}, {error}") from error

"""A model's geometry: receptive fields, expression field, scale factor, and whether it takes blocks of any size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..errors import BadModel, BadParameter
from .contract import Contract
from .load import LoadedModel

Size = tuple[int, int]  # (height, width)


@dataclass(frozen=True)
class ModelGeometry:
    """What the plan of serving needs of a model.

    Attributes:
        inputs: names, in the order of the sources.
        receptive_fields: (height, width) of each input, in pixels of its source.
        expression_field: (height, width) in output pixels.
        scale_factor: spacing of the output ÷ spacing of the reference source.
        fully_convolutional: True if the model takes blocks, False if only patches, None if nobody says.
    """

    inputs: tuple[str, ...]
    receptive_fields: tuple[Size, ...]
    expression_field: Size
    scale_factor: Fraction
    fully_convolutional: bool | None


@dataclass(frozen=True)
class Given:
    """What the user says of the geometry himself; None where he leaves it to the model. Sizes are (height, width)."""

    receptive_fields: tuple[Size | None, ...]
    expression_field: Size | None = None
    scale_factor: Fraction | None = None


def geometry_of(model: LoadedModel, contract: Contract | None, given: Given) -> ModelGeometry:
    """The geometry: what the user gives, else what the contract says, else what the shape of the inputs tells.

    Raises:
        BadModel: another number of sources than the model has inputs, or a receptive field that nothing tells.
    """
    names = tuple(spec.name for spec in contract.inputs) if contract else tuple(spec.name for spec in model.inputs)
    if len(names) != len(given.receptive_fields):
        raise BadModel("Sources", expected=f"{len(names)} ({', '.join(names)})", received=len(given.receptive_fields))
    fields = tuple(own or _receptive_field(name, model, contract) for name, own in zip(names, given.receptive_fields, strict=True))
    width, height = contract.expression_field if contract else (1, 1)
    return ModelGeometry(
        names,
        fields,
        given.expression_field or (height, width),
        given.scale_factor or (contract.scale_factor if contract else Fraction(1)),
        contract.fully_convolutional if contract else _takes_any_size(model),
    )


def parse_scale_factor(text: str) -> Fraction | None:
    """A scale factor as people write it: "4", "1/4", "0.25"; empty: None.

    Raises:
        BadParameter: anything else, or not above 0.
    """
    if not text.strip():
        return None
    try:
        factor = Fraction(text.strip()).limit_denominator(4096)
    except (ValueError, ZeroDivisionError):
        factor = Fraction(0)
    if factor <= 0:
        raise BadParameter("Scale factor", expected='a number above 0, such as "4" or "1/4"', received=repr(text))
    return factor


def _receptive_field(name: str, model: LoadedModel, contract: Contract | None) -> Size:
    if contract:
        width, height = next(spec.receptive_field for spec in contract.inputs if spec.name == name)
        return height, width
    shape = next(spec.shape for spec in model.inputs if spec.name == name)
    if shape is None or len(shape) != 4 or shape[1] is None or shape[2] is None:
        raise BadModel(
            f"The receptive field of input {name} is unknown", received=f"shape {shape}", remedy="Give it (advanced parameters)."
        )
    return shape[1], shape[2]


def _takes_any_size(model: LoadedModel) -> bool | None:
    if any(spec.shape is None for spec in model.inputs):
        return None
    return all(spec.shape is not None and None in spec.shape[1:3] for spec in model.inputs)

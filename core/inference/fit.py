"""Before the first block: whether the sources are what the model was made for. What cannot work is an error, what may not is a warning."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from math import hypot
from typing import TYPE_CHECKING

from ..errors import BadModel
from ..model.bands import judge_bands, judge_spacing
from ..model.contract import Contract, InputSpec
from ..raster.source import Source
from ..reporting import Reporter

if TYPE_CHECKING:  # it imports TensorFlow, which pixels alone do not need
    from ..model.loading.load import LoadedModel

REMEDY = "Give the images that the model was trained with, in that order."


def check_fit(sources: Sequence[Source], inputs: Sequence[str], model: LoadedModel, contract: Contract | None, reporter: Reporter) -> None:
    """Hold every source to the model's input of the same place, and to what the contract says of it.

    Raises:
        BadModel: other bands than the model takes; names both lists.
    """
    shapes = {spec.name: spec.shape for spec in model.inputs}
    specs = {spec.name: spec for spec in contract.inputs} if contract else {}
    if contract is not None and not contract.trained:
        reporter.warn("The model is not trained: its map means nothing. Train it with 'Train model'.")
    for number, (source, name) in enumerate(zip(sources, inputs, strict=True), start=1):
        shape, spec = shapes.get(name), specs.get(name)
        wanted = shape[3] if shape is not None and len(shape) == 4 and shape[3] else spec.band_count if spec else source.count
        hide_transparent(number, source, wanted, reporter)
        if source.count != wanted:
            raise _wrong_count(number, name, source, wanted)
        if spec is not None:
            _check_contract(number, source, spec, contract.scale_factor if contract else Fraction(1), reporter)


def hide_transparent(number: int, source: Source, wanted: int, reporter: Reporter) -> None:
    """A band of transparency is no band for a model that takes as many less: an orthophoto of red, green, blue and alpha suits a model
    of three bands. A model that was trained with that band takes it as any other."""
    if source.count > wanted and source.count - len(source.transparent) == wanted:
        reporter.info(f"Source {number}: {', '.join(source.transparent)} is transparency, not a band: where it is 0, there is no data.")
        source.hide_transparent()


def _check_contract(number: int, source: Source, spec: InputSpec, scale_factor: Fraction, reporter: Reporter) -> None:
    if source.count != spec.band_count:
        raise _wrong_count(number, spec.name, source, spec.band_count)
    bands = judge_bands(spec, source.band_names, stems_of(source))
    if bands.fault:
        raise BadModel(
            f"Source {number} has other bands than the model was trained with, or in another order",
            expected=", ".join(spec.bands),
            received=", ".join(source.band_names),
            remedy=REMEDY,
        )
    transform = source.grid.transform
    spacing = judge_spacing(spec, hypot(transform.a, transform.d), scale_factor)
    for warning in (bands.warning, spacing.warning):
        if warning:
            reporter.warn(f"Source {number}: {warning}")
    if spacing.remark:
        reporter.info(f"Source {number}: {spacing.remark}")


def _wrong_count(number: int, name: str, source: Source, expected: int) -> BadModel:
    received = f"{source.count} ({', '.join(source.band_names)})"
    return BadModel(
        f"Source {number} does not fit the model's input {name}", expected=f"{expected} bands", received=received, remedy=REMEDY
    )


def stems_of(source: Source) -> list[str]:
    """For each band the name of its file, without folder and extension."""
    stems = (os.path.splitext(os.path.basename(path))[0] for path in source.paths)
    return [stem for stem, count in zip(stems, source.counts, strict=True) for _ in range(count)]

"""The rasters that a classifier gives: class map, confidence, probabilities, uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..classes import LandClass, code_dtype
from ..errors import BadParameter
from ..inference.products import OutputFile, describe
from ..inference.storage import Layer, Storage
from ..jobs import ClassifyImage, Product
from ..model.contract import OutputSpec, class_output
from ..sampling.codes import DTYPES, label_dtype

UNCERTAINTY = ("entropy", "margin")


def output_files(job: ClassifyImage, classes: Sequence[LandClass]) -> list[OutputFile]:
    """What the job asks for, each as it stands in its file; the class map has the names and colours of the classes.

    Raises:
        BadParameter: nothing to write, or a no-data label that is a class.
    """
    classes, real = tuple(classes), np.dtype("float32")
    names = tuple(c.name for c in classes)
    layers = {
        job.output: Layer("class", 1, np.dtype(code_dtype(c.code for c in classes)), class_output("class", classes)),
        job.output_confidence: Layer("confidence", 1, real, OutputSpec("confidence", "values", ("confidence",), "float32")),
        job.output_probabilities: Layer(
            "probabilities", len(classes), real, OutputSpec("probabilities", "probabilities", names, "float32", classes)
        ),
        job.output_uncertainty: Layer("uncertainty", 2, real, OutputSpec("uncertainty", "values", UNCERTAINTY, "float32")),
    }
    files = [OutputFile.of(Product(path), [layer]) for path, layer in layers.items() if path]
    if not files:
        raise BadParameter("Outputs", expected="at least one raster to write", received="none")
    return [_with_nodata(file, job.nodata) if file.layers[0].coded and job.nodata is not None else file for file in files]


def _with_nodata(file: OutputFile, nodata: int) -> OutputFile:
    """The class map with the user's own label of pixels without data."""
    codes = file.layers[0].codes
    low, high = np.iinfo(DTYPES[-1]).min, np.iinfo(DTYPES[-1]).max
    if nodata in codes or not low <= nodata <= high:
        raise BadParameter(
            "No-data label", expected=f"a whole number that is no class (these are {', '.join(map(str, codes))})", received=nodata
        )
    storages = (Storage(np.dtype(label_dtype([*codes, nodata])), nodata, coded=True),)
    return replace(file, storages=storages, bands=describe(file.layers, storages))

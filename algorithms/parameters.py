"""Parameters as the pages declare them: each with its help, the shared ones built once.

What a job's field says in core/jobs/ (kind, default, range, options) is not said again: `of_field` takes it from there. Only stock
parameter classes of QGIS, whose widgets work in the modeler too. Texts come translated from the pages, except those of shared parameters.
"""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterBand,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QCoreApplication

Parameter = QgsProcessingParameterDefinition
translate = QCoreApplication.translate

MOST_SOURCES = 6
USUAL_SOURCES = 2  # the others are shown among the advanced parameters
GEOMETRIES = {
    "any": QgsProcessing.SourceType.TypeVectorAnyGeometry,
    "points": QgsProcessing.SourceType.TypeVectorPoint,
    "polygons": QgsProcessing.SourceType.TypeVectorPolygon,
}


def explained(parameter: Parameter, text: str, advanced: bool = False) -> Parameter:
    """The parameter with its help, among the advanced ones if wanted."""
    parameter.setHelp(text)
    if advanced:
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def of_field(name: str, label: str, text: str, owner: type, field: str, advanced: bool = False) -> Parameter:
    """The parameter of a job's field: kind, default, range and options are those that core/jobs/ states.

    Args:
        owner: the dataclass that has the field. Its default decides the kind: options, boolean, integer, real number or text.
    """
    declared = next(f for f in fields(owner) if f.name == field)
    if "options" in declared.metadata:
        return _choice(name, label, text, tuple(declared.metadata["options"]), advanced)
    if isinstance(declared.default, bool):
        return explained(QgsProcessingParameterBoolean(name, label, declared.default), text, advanced)
    if isinstance(declared.default, str):
        return explained(QgsProcessingParameterString(name, label, declared.default, False, True), text, advanced)
    return explained(_number(name, label, declared), text, advanced)


def _number(name: str, label: str, declared: Field[Any]) -> Parameter:
    kinds = QgsProcessingParameterNumber.Type
    parameter = QgsProcessingParameterNumber(
        name, label, kinds.Integer if isinstance(declared.default, int) else kinds.Double, declared.default
    )
    limits = declared.metadata
    lowest = next((limits[key] for key in ("low", "above") if limits.get(key) is not None), None)  # 0 itself: the job refuses it
    if lowest is not None:
        parameter.setMinimum(lowest)
    if limits.get("high") is not None:
        parameter.setMaximum(limits["high"])
    return parameter


def choice(name: str, label: str, text: str, options: tuple[str, ...]) -> Parameter:
    """One of a list of words; scripts and models store the word itself."""
    return _choice(name, label, text, options, advanced=False)


def _choice(name: str, label: str, text: str, options: tuple[str, ...], advanced: bool) -> Parameter:
    parameter = QgsProcessingParameterEnum(name, label, list(options), False, options[0], False, True)
    words = translate("Parameters", "One of: {}.").format(", ".join(options))  # the help of QGIS 3.22 lists indexes only
    return explained(parameter, f"{text} {words}", advanced)


def optional_number(name: str, label: str, text: str, whole: bool = False, advanced: bool = False) -> Parameter:
    """A number that may be left out, which is not the same as 0."""
    kinds = QgsProcessingParameterNumber.Type
    parameter = QgsProcessingParameterNumber(name, label, kinds.Integer if whole else kinds.Double, None, True)
    return explained(parameter, text, advanced)


def band(name: str, label: str, text: str, parent: str) -> Parameter:
    """One band of the raster that the parameter `parent` takes, counted from 1; the first if nothing is said."""
    return explained(QgsProcessingParameterBand(name, label, 1, parent, True), text, advanced=True)


def raster(name: str, label: str, text: str, optional: bool = False, advanced: bool = False) -> Parameter:
    """One raster layer or file."""
    return explained(QgsProcessingParameterRasterLayer(name, label, None, optional), text, advanced)


def rasters(name: str, label: str, text: str, optional: bool = True, advanced: bool = False) -> Parameter:
    """Any number of raster layers or files; none by default, at least one if not `optional`."""
    return explained(QgsProcessingParameterMultipleLayers(name, label, QgsProcessing.SourceType.TypeRaster, None, optional), text, advanced)


def vector(name: str, label: str, text: str, geometry: str = "any", optional: bool = False, advanced: bool = False) -> Parameter:
    """Features of a layer, all or the selected ones. `geometry`: a key of GEOMETRIES."""
    return explained(QgsProcessingParameterFeatureSource(name, label, [GEOMETRIES[geometry]], None, optional), text, advanced)


def attribute(name: str, label: str, text: str, parent: str, optional: bool = False) -> Parameter:
    """A field of the layer that the parameter `parent` takes; of any type, since classes may be named by text."""
    kind = QgsProcessingParameterField.DataType.Any
    return explained(QgsProcessingParameterField(name, label, None, parent, kind, False, optional), text)


def numeric_attributes(name: str, label: str, text: str, parent: str) -> Parameter:
    """Any number of numeric fields of the layer that the parameter `parent` takes; none by default."""
    kind = QgsProcessingParameterField.DataType.Numeric
    return explained(QgsProcessingParameterField(name, label, None, parent, kind, True, True), text, advanced=True)


def optional_size(name: str, what: str, text: str) -> list[Parameter]:
    """NAME_X and NAME_Y: a width and a height, in pixels, that may both be left out."""
    whole = QgsProcessingParameterNumber.Type.Integer
    labels = {"X": translate("Parameters", "{}: width"), "Y": translate("Parameters", "{}: height")}
    sizes = ((axis, label.format(what)) for axis, label in labels.items())
    return [
        explained(QgsProcessingParameterNumber(f"{name}_{axis}", label, whole, None, True, 1), text, advanced=True) for axis, label in sizes
    ]


def file(name: str, label: str, text: str, extension: str, optional: bool = True) -> Parameter:
    """An existing file."""
    behaviour = QgsProcessingParameterFile.Behavior.File
    return explained(QgsProcessingParameterFile(name, label, behaviour, extension, None, optional), text)


def folder(name: str, label: str, text: str) -> Parameter:
    """An existing folder, if there is one to give."""
    behaviour = QgsProcessingParameterFile.Behavior.Folder
    return explained(QgsProcessingParameterFile(name, label, behaviour, "", None, True), text, advanced=True)


def model_folder(text: str = "") -> Parameter:
    """MODEL: the folder of a model."""
    usual = translate(
        "Parameters",
        "Folder of the model: a TensorFlow SavedModel, or a folder that holds a .keras file. Models of other programs work too.",
    )
    behaviour = QgsProcessingParameterFile.Behavior.Folder
    return explained(QgsProcessingParameterFile("MODEL", translate("Parameters", "Model"), behaviour), text or usual)


def source(index: int, text: str) -> Parameter:
    """SOURCE1 … SOURCE6: the images that feed one input of the model."""
    label = translate("Parameters", "Source {}: images").format(index)
    kind = QgsProcessing.SourceType.TypeRaster
    parameter = QgsProcessingParameterMultipleLayers(f"SOURCE{index}", label, kind, None, index > 1)
    rule = translate(
        "Parameters",
        "Raster files, stacked along their bands in the order given; all must lie on one pixel grid. Source 1 is the reference: it must "
        "be given.",
    )
    return explained(parameter, f"{text} {rule}", index > USUAL_SOURCES)


def nodata(index: int) -> Parameter:
    """NODATA1 … NODATA6: the value that means "no data" in a source."""
    return optional_number(
        f"NODATA{index}",
        translate("Parameters", "Source {}: no-data value").format(index),
        translate("Parameters", "Pixel value that means no data. Empty: what each file says itself."),
        advanced=True,
    )


def extent(text: str) -> Parameter:
    """EXTENT: the part of source 1 to work on; in any CRS."""
    return explained(QgsProcessingParameterExtent("EXTENT", translate("Parameters", "Extent"), None, True), text)


def seed(owner: type) -> Parameter:
    """SEED: of everything random in the job `owner`."""
    return of_field(
        "SEED",
        translate("Parameters", "Random seed"),
        translate("Parameters", "A whole number. The same seed with the same inputs gives the same result."),
        owner,
        "seed",
        advanced=True,
    )


def raster_output(name: str, label: str, text: str, optional: bool = False, advanced: bool = False, usual: bool = False) -> Parameter:
    """A GeoTIFF to write; an optional one is not written unless it is asked for, or `usual`."""
    return explained(QgsProcessingParameterRasterDestination(name, label, None, optional, usual or not optional), text, advanced)


def points_output(name: str, label: str, text: str, optional: bool = False, wanted: Optional[bool] = None) -> Parameter:
    """Points to write, into any vector format that QGIS writes; `wanted`: made when nothing is said, as those are that are not optional."""
    kind = QgsProcessing.SourceType.TypeVectorPoint
    made = not optional if wanted is None else wanted
    return explained(QgsProcessingParameterFeatureSink(name, label, kind, None, optional, made), text)


def file_output(
    name: str, label: str, text: str, file_filter: str, optional: bool = True, wanted: bool = True, advanced: bool = False
) -> Parameter:  # fmt: skip
    """A file to write, such as a report; `wanted`: made when nothing is said."""
    return explained(QgsProcessingParameterFileDestination(name, label, file_filter, None, optional, wanted), text, advanced)


def folder_output(name: str, label: str, text: str) -> Parameter:
    """A folder to write, if it is asked for."""
    return explained(QgsProcessingParameterFolderDestination(name, label, None, True, False), text, advanced=True)


def model_output(label: str, text: str) -> Parameter:
    """OUTPUT: the folder of a model to write."""
    return explained(QgsProcessingParameterFolderDestination("OUTPUT", label), text)


def source_numbers(first: int = 1) -> range:
    """The numbers of the sources, from `first` on."""
    return range(first, MOST_SOURCES + 1)

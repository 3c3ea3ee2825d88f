"""Layers, extents and CRS → plain paths and numbers, which the engine takes; its results → layers, with their style.

What the engine can read: raster layers of the GDAL provider (files, and addresses such as /vsicurl/…, /vsizip/…, GPKG:…), and vector
layers of any provider: those that are no plain file, or are filtered, edited, or used for their selected features only, are saved to a
temporary GeoPackage first. What it cannot: raster layers of web services (WMS, WCS, XYZ) and of databases; the user has to save these.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingUtils,
    QgsProperty,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from ..core.errors import BadParameter, CannotRead

if TYPE_CHECKING:  # it imports this module
    from .base import Parameters

VECTOR_FORMATS = ("gpkg", "shp", "geojson", "fgb")  # of these the engine reads the very file; QGIS saves any other to a GeoPackage

Extent = tuple[float, float, float, float]


def absolute(path: str) -> str:
    """The engine works in another folder. A path that is absolute stays as it is, to the letter: QGIS finds layers by it."""
    return path if os.path.isabs(path) else os.path.abspath(path)


def flatten(value: Any) -> list[Any]:
    """The items that a parameter for several layers was given: a list, one item, or nothing."""
    if isinstance(value, QgsProperty):
        value = value.staticValue()
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def raster_layer(item: Any, context: QgsProcessingContext) -> Optional[QgsRasterLayer]:
    """The raster layer that a value names: a layer, its id or name in the project, or a file. None if there is no such layer."""
    if isinstance(item, QgsProcessingOutputLayerDefinition):
        item = item.sink
    if isinstance(item, QgsProperty):
        item = item.staticValue()
    if isinstance(item, QgsMapLayer):
        return item if isinstance(item, QgsRasterLayer) else None
    layer = QgsProcessingUtils.mapLayerFromString(str(item), context, True, QgsProcessingUtils.LayerHint.Raster)
    return layer if isinstance(layer, QgsRasterLayer) else None


def raster_path(item: Any, context: QgsProcessingContext, label: str) -> str:
    """What GDAL opens to read the raster that a value names.

    Raises:
        CannotRead: no such layer or file, or a layer that is none of GDAL's.
    """
    layer = raster_layer(item, context)
    if layer is None:
        raise CannotRead(
            f"{label}: cannot open {item}",
            expected="a raster file, or a raster layer of the project",
            remedy="Check the name; is the file there, whole, and of a format that QGIS opens?",
        )
    if layer.providerType() != "gdal":
        raise CannotRead(
            f"{label}: the layer {layer.name()}",
            expected="a file or an address that GDAL opens",
            received=f"a layer of the provider {layer.providerType()}",
            remedy="Save it as GeoTIFF first ('Export', 'Save As').",
        )
    return _existing(_without_options(layer.source()))


def name_unreadable(algorithm: QgsProcessingAlgorithm, parameters: Parameters, context: QgsProcessingContext) -> str:
    """Which of the rasters in lists cannot be opened, in a sentence; "" if all can. QGIS says no more than that a list is wrong."""
    lists = [d.name() for d in algorithm.parameterDefinitions() if isinstance(d, QgsProcessingParameterMultipleLayers)]
    items = [(name, item) for name in lists for item in flatten(parameters.get(name))]
    wrong = [f"{name}: cannot open {item}" for name, item in items if raster_layer(item, context) is None]
    return f"{'; '.join(wrong)}." if wrong else ""


def vector_path(
    algorithm: QgsProcessingAlgorithm, parameters: Parameters, name: str, context: QgsProcessingContext, feedback: QgsProcessingFeedback
) -> tuple[str, str]:
    """Path and layer name of a file with the features of a source parameter, as QGIS shows them: selection, filter, edits and CRS included.

    Raises:
        QgsProcessingException: there is no such layer.
    """
    layer = algorithm.parameterAsVectorLayer(parameters, name, context)
    formats = list(VECTOR_FORMATS)
    if layer is not None and (layer.isModified() or _crs_was_set_by_hand(layer)):
        formats = []  # no format is good enough: the file does not say what the layer does
    path, layer_name = algorithm.parameterAsCompatibleSourceLayerPathAndLayerName(parameters, name, context, formats, "gpkg", feedback)
    if not path:
        raise QgsProcessingException(algorithm.invalidSourceError(parameters, name))
    return _existing(path), layer_name


def extent_in(
    algorithm: QgsProcessingAlgorithm, parameters: Parameters, name: str, context: QgsProcessingContext, reference: Any
) -> Optional[Extent]:
    """(xmin, ymin, xmax, ymax) in the CRS of the raster `reference`, from an extent in any CRS; None if none was given.

    Raises:
        BadParameter: the extent is empty, or cannot be expressed in that CRS.
    """
    if not flatten(parameters.get(name)):
        return None
    layer = raster_layer(reference, context)
    crs = layer.crs() if layer is not None else QgsCoordinateReferenceSystem()
    box: QgsRectangle = algorithm.parameterAsExtent(parameters, name, context, crs)
    if box.isEmpty() or not box.isFinite():
        raise BadParameter(
            "Extent", expected=f"xmin,xmax,ymin,ymax [CRS] that has an area in {crs.authid() or 'the image'}", received=parameters[name]
        )
    return box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()


def copy_features(
    algorithm: QgsProcessingAlgorithm,
    parameters: Parameters,
    name: str,
    context: QgsProcessingContext,
    feedback: QgsProcessingFeedback,
    path: str,
) -> str:
    """Copy the features of a file of the engine's to the sink that the user asked for; what names it afterwards.

    Raises:
        QgsProcessingException: the sink cannot be written, or the user cancelled; then it is removed.
    """
    layer = QgsVectorLayer(path, "", "ogr")
    fields = _fields_without_fid(layer)
    sink, target = algorithm.parameterAsSink(parameters, name, context, fields, layer.wkbType(), layer.crs())
    if sink is None:
        raise QgsProcessingException(algorithm.invalidSinkError(parameters, name))
    for feature in layer.getFeatures():
        if feedback.isCanceled():
            del sink  # closes the file
            _remove(target)
            raise QgsProcessingException(f"Cancelled; {name} was not written.")
        if not sink.addFeature(_copy(feature, fields), QgsFeatureSink.Flag.FastInsert):
            raise QgsProcessingException(algorithm.writeFeatureError(sink, parameters, name))
    del sink
    return str(target)


class _StyleFromFile(QgsProcessingLayerPostProcessorInterface):  # type: ignore[misc]  # PyQGIS has no types
    """Gives a loaded result the style that the engine wrote beside it; Processing itself loads layers without."""

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> None:
        """Called by QGIS in its main thread when the layer comes into the project."""
        style = style_beside(_without_options(layer.source()))
        if os.path.isfile(style):
            layer.loadNamedStyle(style)
            layer.triggerRepaint()


_stylers: dict[str, _StyleFromFile] = {}  # QGIS does not own them: without this reference they would be gone before they are called


def style_beside(path: str) -> str:
    """Where the engine puts the style of a raster."""
    return os.path.splitext(path)[0] + ".qml"


def style_when_loaded(path: str, context: QgsProcessingContext) -> None:
    """See to it that the raster, if QGIS loads it, comes with its style."""
    if context.willLoadLayerOnCompletion(path):
        _stylers[path] = _StyleFromFile()
        context.layerToLoadOnCompletionDetails(path).setPostProcessor(_stylers[path])


def _crs_was_set_by_hand(layer: QgsVectorLayer) -> bool:
    """A file without CRS to which the user gave one in QGIS, or one that he corrected."""
    return bool(layer.providerType() == "ogr" and layer.crs() != layer.dataProvider().crs())


def _without_options(source: str) -> str:
    """A layer's source without QGIS's own "|option:…", which GDAL does not know."""
    if "|" not in source:
        return source
    return str(QgsProviderRegistry.instance().decodeUri("gdal", source)["path"])


def _existing(path: str) -> str:
    """An address such as GPKG:… or /vsicurl/… stays as it is."""
    return absolute(path) if os.path.exists(path) else path


def _fields_without_fid(layer: QgsVectorLayer) -> QgsFields:
    """A GeoPackage's key shows as a field; a copy of it would clash with the key of the copy."""
    fields = QgsFields()
    for field in layer.fields():
        if field.name() != "fid":
            fields.append(field)
    return fields


def _copy(feature: QgsFeature, fields: QgsFields) -> QgsFeature:
    copy = QgsFeature(fields)
    copy.setGeometry(feature.geometry())
    copy.setAttributes([feature[field.name()] for field in fields])
    return copy


def _remove(target: str) -> None:
    path = str(target).split("|", 1)[0]
    if os.path.isfile(path):
        os.remove(path)

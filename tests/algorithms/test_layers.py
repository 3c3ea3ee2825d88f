"""What QGIS shows becomes paths and numbers that the engine can use: layers of all kinds, selections, edits, CRSs, extents; and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

MakeRaster = Callable[..., str]


@pytest.fixture
def layers(provider: Any) -> Any:
    from tensorscape.algorithms import layers

    return layers


@pytest.fixture
def algorithm(provider: Any) -> Any:
    from tensorscape.algorithms.sampling.selectsamples import SelectSamples

    return SelectSamples().create()


@pytest.fixture
def error_class(provider: Any) -> type[Exception]:
    from tensorscape.core.errors import TensorscapeError

    return TensorscapeError


def points(count: int = 5) -> QgsVectorLayer:
    """A memory layer of points with the field class: "a", "b", "a", …"""
    layer = QgsVectorLayer("Point?crs=EPSG:32633&field=class:string", "points", "memory")
    features = []
    for index in range(count):
        feature = QgsFeature(layer.fields())
        feature.setAttributes(["ab"[index % 2]])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(500005.0 + 10 * index, 4999995.0)))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer


def on_disk(path: Path, layer: QgsVectorLayer, context: QgsProcessingContext, keep_crs: bool = True) -> QgsVectorLayer:
    """The layer saved as a file and opened from there, in the project."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = {".gpkg": "GPKG", ".shp": "ESRI Shapefile"}[path.suffix]
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context.transformContext(), options)
    if not keep_crs:
        path.with_suffix(".prj").unlink()
    opened = QgsVectorLayer(str(path), path.stem, "ogr")
    context.project().addMapLayer(opened)
    return opened


def test_a_raster_layer_becomes_its_file(layers: Any, context: QgsProcessingContext, make_raster: MakeRaster) -> None:
    path = make_raster()
    layer = QgsRasterLayer(path, "the image")
    context.project().addMapLayer(layer)
    for named in (layer, layer.id(), "the image", path):
        assert layers.raster_path(named, context, "INPUT") == path


def test_a_relative_path_becomes_absolute(
    layers: Any, context: QgsProcessingContext, make_raster: MakeRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_raster()
    monkeypatch.chdir(os.path.dirname(path))
    assert layers.raster_path("image.tif", context, "INPUT") == path


def test_gdal_addresses_pass_through(layers: Any, context: QgsProcessingContext, make_raster: MakeRaster) -> None:
    address = f"GTIFF_DIR:1:{make_raster()}"
    assert layers.raster_path(QgsRasterLayer(address, "page 1", "gdal"), context, "INPUT") == address


def test_a_missing_raster_is_named(layers: Any, context: QgsProcessingContext, error_class: type[Exception]) -> None:
    with pytest.raises(error_class, match=r"SOURCE1: cannot open /nowhere\.tif: expected a raster file"):
        layers.raster_path("/nowhere.tif", context, "SOURCE1")


def test_a_layer_of_a_web_service_is_refused_with_the_remedy(
    layers: Any, context: QgsProcessingContext, error_class: type[Exception]
) -> None:
    layer = QgsRasterLayer("type=xyz&url=file:///nowhere/{z}/{x}/{y}.png&zmax=1&zmin=0", "tiles", "wms")
    with pytest.raises(error_class, match=r"tiles.*provider wms.*Save it as GeoTIFF"):
        layers.raster_path(layer, context, "INPUT")


@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_a_plain_vector_file_is_read_where_it_is(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, tmp_path: Path, suffix: str
) -> None:
    layer = on_disk(tmp_path / f"truth{suffix}", points(), context)
    path, _ = layers.vector_path(algorithm, {"TRUTH": layer.id()}, "TRUTH", context, feedback)
    assert path == str(tmp_path / f"truth{suffix}")


def count_of(layers: Any, algorithm: Any, value: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> int:
    path, name = layers.vector_path(algorithm, {"TRUTH": value}, "TRUTH", context, feedback)
    assert path.endswith(".gpkg")
    return int(QgsVectorLayer(f"{path}|layername={name}" if name else path, "", "ogr").featureCount())


def test_memory_layers_selections_filters_and_edits_are_seen_as_qgis_shows_them(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, tmp_path: Path
) -> None:
    memory = points()
    context.project().addMapLayer(memory)
    assert count_of(layers, algorithm, memory.id(), context, feedback) == 5

    memory.selectByExpression("\"class\" = 'a'")
    selected = QgsProcessingFeatureSourceDefinition(memory.id(), selectedFeaturesOnly=True)
    assert count_of(layers, algorithm, selected, context, feedback) == 3

    filtered = on_disk(tmp_path / "filtered.gpkg", points(), context)
    filtered.setSubsetString("\"class\" = 'b'")
    assert count_of(layers, algorithm, filtered.id(), context, feedback) == 2

    edited = on_disk(tmp_path / "edited.gpkg", points(), context)
    edited.startEditing()
    edited.deleteFeature(next(edited.getFeatures()).id())
    assert count_of(layers, algorithm, edited.id(), context, feedback) == 4
    edited.rollBack()


@pytest.mark.parametrize("own", ["", "EPSG:32633"])
def test_a_crs_given_in_qgis_reaches_the_engine(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, tmp_path: Path, own: str
) -> None:
    layer = on_disk(tmp_path / "truth.shp", points(), context, keep_crs=bool(own))
    assert layer.crs().authid() == own
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32632"))
    path, _ = layers.vector_path(algorithm, {"TRUTH": layer.id()}, "TRUTH", context, feedback)
    assert QgsVectorLayer(path, "", "ogr").crs().authid() == "EPSG:32632"


def test_a_file_without_crs_stays_one(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, tmp_path: Path
) -> None:
    layer = on_disk(tmp_path / "plain.shp", points(), context, keep_crs=False)
    path, _ = layers.vector_path(algorithm, {"TRUTH": layer.id()}, "TRUTH", context, feedback)
    assert path == str(tmp_path / "plain.shp")


def test_a_missing_vector_layer_is_named(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback
) -> None:
    with pytest.raises(QgsProcessingException, match=r"/nowhere\.gpkg"):
        layers.vector_path(algorithm, {"TRUTH": "/nowhere.gpkg"}, "TRUTH", context, feedback)


@pytest.fixture
def serve(provider: Any) -> Any:
    from tensorscape.algorithms.model.servemodel import ServeModel

    return ServeModel().create()


def test_an_extent_comes_in_the_crs_of_the_reference(
    layers: Any, serve: Any, context: QgsProcessingContext, make_raster: MakeRaster
) -> None:
    image = make_raster(size=100)
    box = QgsReferencedRectangle(QgsRectangle(500100, 4999200, 500500, 4999900), QgsCoordinateReferenceSystem("EPSG:32633"))
    assert layers.extent_in(serve, {"EXTENT": box}, "EXTENT", context, image) == (500100, 4999200, 500500, 4999900)
    assert layers.extent_in(serve, {"EXTENT": "500100,500500,4999200,4999900"}, "EXTENT", context, image) == (
        500100,
        4999200,
        500500,
        4999900,
    )

    to_degrees = QgsCoordinateTransform(box.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), context.transformContext())
    degrees = to_degrees.transformBoundingBox(box)
    text = f"{degrees.xMinimum()!r},{degrees.xMaximum()!r},{degrees.yMinimum()!r},{degrees.yMaximum()!r} [EPSG:4326]"
    assert layers.extent_in(serve, {"EXTENT": text}, "EXTENT", context, image) == pytest.approx((500100, 4999200, 500500, 4999900), abs=10)


def test_no_extent_means_all_of_the_image(layers: Any, serve: Any, context: QgsProcessingContext, make_raster: MakeRaster) -> None:
    for nothing in (None, ""):
        assert layers.extent_in(serve, {"EXTENT": nothing}, "EXTENT", context, make_raster()) is None


def test_an_empty_extent_is_refused(
    layers: Any, serve: Any, context: QgsProcessingContext, make_raster: MakeRaster, error_class: type[Exception]
) -> None:
    with pytest.raises(error_class, match="has an area"):
        layers.extent_in(serve, {"EXTENT": "5,5,3,3"}, "EXTENT", context, make_raster())


def test_features_go_to_the_sink_with_fields_geometry_and_crs(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, tmp_path: Path
) -> None:
    on_disk(tmp_path / "engine.gpkg", points(), context)
    for target in ("memory:", str(tmp_path / "kept.shp"), str(tmp_path / "kept.gpkg")):
        named = layers.copy_features(algorithm, {"OUTPUT": target}, "OUTPUT", context, feedback, str(tmp_path / "engine.gpkg"))
        copy = QgsProcessingUtils.mapLayerFromString(named, context)
        assert [feature["class"] for feature in copy.getFeatures()] == list("ababa")
        assert next(copy.getFeatures()).geometry().asPoint() == QgsPointXY(500005.0, 4999995.0)
        assert copy.crs().authid() == "EPSG:32633"


def test_a_cancelled_copy_leaves_no_file(
    layers: Any, algorithm: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, tmp_path: Path
) -> None:
    on_disk(tmp_path / "engine.gpkg", points(), context)
    feedback.cancel()
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        layers.copy_features(algorithm, {"OUTPUT": str(tmp_path / "kept.gpkg")}, "OUTPUT", context, feedback, str(tmp_path / "engine.gpkg"))
    assert not (tmp_path / "kept.gpkg").exists()


def test_a_map_that_is_loaded_gets_the_style_beside_it(
    layers: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback, make_raster: MakeRaster
) -> None:
    path = make_raster("map.tif")
    styled = QgsRasterLayer(path, "styled")
    entries = '<paletteEntry value="1" label="forest" color="#1e6b34" alpha="255"/>'
    Path(layers.style_beside(path)).write_text(
        '<!DOCTYPE qgis><qgis version="3.22.16" styleCategories="AllStyleCategories"><pipe>'
        '<rasterrenderer type="paletted" band="1" opacity="1" '
        f'alphaBand="-1" nodataColor=""><colorPalette>{entries}</colorPalette></rasterrenderer></pipe></qgis>'
    )
    context.addLayerToLoadOnCompletion(path, QgsProcessingContext.LayerDetails("map", context.project(), "OUTPUT"))
    layers.style_when_loaded(path, context)
    processor = context.layerToLoadOnCompletionDetails(path).postProcessor()
    processor.postProcessLayer(styled, context, feedback)
    assert [c.label for c in styled.renderer().classes()] == ["forest"]


def test_a_map_that_is_not_loaded_needs_nothing(layers: Any, context: QgsProcessingContext) -> None:
    layers.style_when_loaded("/nowhere.tif", context)
    assert not context.layersToLoadOnCompletion()

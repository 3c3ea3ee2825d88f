"""Parameters as words of a command."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProperty,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
)
from tensorscape.algorithms.commands import qgis_process_command


def words(provider: Any, **parameters: Any) -> list[str]:
    algorithm = next(found for found in provider.algorithms() if found.name() == "servemodel")
    return shlex.split(qgis_process_command(algorithm, parameters))


def test_the_command_names_the_algorithm_and_gives_only_what_was_given(provider):
    assert words(provider) == ["qgis_process", "run", "tensorscape:servemodel", "--"]
    assert words(provider, MODEL="/a folder/m", NOT_A_PARAMETER=1, EXTENT=None)[4:] == ["MODEL=/a folder/m"]


def test_a_list_becomes_the_parameter_repeated(provider):
    assert words(provider, SOURCE1=["/a.tif", "/b c.tif"])[4:] == ["SOURCE1=/a.tif", "SOURCE1=/b c.tif"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0.25, "0.25"),
        (QgsRectangle(1, 2, 3.5, 4), "1.0,3.5,2.0,4.0"),
        (QgsReferencedRectangle(QgsRectangle(1, 2, 3, 4), QgsCoordinateReferenceSystem("EPSG:4326")), "1.0,3.0,2.0,4.0 [EPSG:4326]"),
        (QgsProcessingFeatureSourceDefinition("/p.gpkg|layername=a"), "/p.gpkg|layername=a"),
        (QgsProcessingOutputLayerDefinition("/o.tif"), "/o.tif"),
        (QgsProperty.fromValue(7), "7"),
    ],
)
def test_values_are_written_as_qgis_process_reads_them(provider, value, text):
    assert words(provider, MODEL=value)[4:] == [f"MODEL={text}"]


def test_a_layer_is_given_by_its_source(provider, make_raster):
    path = make_raster()
    assert words(provider, SOURCE1=[QgsRasterLayer(path, "a layer")])[4:] == [f"SOURCE1={path}"]

"""QGIS without a window, with our provider, for tests that run in QGIS's Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal, osr
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject
from qgis.PyQt import sip

from scripts.qgis import link_plugin

sys.path.insert(0, str(link_plugin()))  # the checkout under the plugin's name, as QGIS sees it
gdal.UseExceptions()


@pytest.fixture(scope="session")
def provider(qgis_app: Any) -> Any:
    """Our provider, registered; the registry owns it, this reference keeps its Python part alive."""
    from tensorscape.algorithms.provider import TensorscapeProvider

    registered = TensorscapeProvider()
    QgsApplication.processingRegistry().addProvider(registered)
    return registered


@pytest.fixture
def context(qgis_app: Any) -> Iterator[QgsProcessingContext]:
    """A context with a project of its own. Both end with the test: the last test's would outlive QGIS otherwise, and crash."""
    made, project = QgsProcessingContext(), QgsProject()
    made.setProject(project)
    yield made
    sip.delete(made)
    sip.delete(project)


@pytest.fixture
def feedback() -> QgsProcessingFeedback:
    """A feedback that nobody reads."""
    return QgsProcessingFeedback()


@pytest.fixture
def make_raster(tmp_path: Path) -> Callable[..., str]:
    """Writes a small GeoTIFF and returns its path: make_raster(name, size, epsg, origin, spacing)."""

    def make(
        name: str = "image.tif",
        size: int = 8,
        epsg: int = 32633,
        origin: tuple[float, float] = (500000.0, 5000000.0),
        spacing: float = 10.0,
    ) -> str:
        path = tmp_path / name
        dataset = gdal.GetDriverByName("GTiff").Create(str(path), size, size, 2, gdal.GDT_Byte)
        dataset.SetGeoTransform((origin[0], spacing, 0.0, origin[1], 0.0, -spacing))
        if epsg:
            reference = osr.SpatialReference()
            reference.ImportFromEPSG(epsg)
            dataset.SetProjection(reference.ExportToWkt())
        dataset.FlushCache()
        return str(path)

    return make

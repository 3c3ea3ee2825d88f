"""What goes to training or to validation as a whole: features of the truth, squares of the map, or what a layer of areas covers."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..errors import BadParameter, BadTruth
from ..jobs import Sampling
from ..raster.grid import Grid, Window
from ..reprojection import Geometry
from ..vector import VectorReader
from .areas import MOST, Areas, scattered
from .burn import covered, pixel_window
from .candidates import Batch
from .split import Counts, validation_groups


class Grouping(ABC):
    """Says to which group each candidate belongs, and which groups validate."""

    @abstractmethod
    def of(self, batch: Batch) -> int | np.ndarray:
        """One number for the whole batch, or one for each of its candidates."""

    def validating(self, counts: Counts, share: float, seed: int) -> np.ndarray:
        """The groups that validate, ascending, given the candidates of each class in each group."""
        return validation_groups(counts, share, seed)


class ByFeature(Grouping):
    """Each polygon, line or point is a group; of very many features, some scattered ones are. (A pixel under two overlapping
    features may so come on both sides; areas or a buffer exclude that.)

    Args:
        count: of the features.
    """

    def __init__(self, count: int) -> None:
        self._alone = count <= MOST

    def of(self, batch: Batch) -> int:
        """See Grouping."""
        fid = batch.feature.fid if batch.feature is not None else 0
        return fid if self._alone else int(scattered(np.array([fid]))[0])


class ByArea(Grouping):
    """Each square of the map is a group; a polygon on two squares is shared out between them."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas

    def of(self, batch: Batch) -> np.ndarray:
        """See Grouping."""
        return self._areas.of(*batch.rows_cols())


class ByLayer(Grouping):
    """Pixels whose centres lie in the polygons of a layer are one group, which validates; all others train.

    Args:
        polygons: in the CRS of the grid.
    """

    INSIDE = 1

    def __init__(self, polygons: list[Geometry], grid: Grid) -> None:
        self._polygons, self._grid = polygons, grid
        windows = [pixel_window(polygon, grid) for polygon in polygons]
        self._tops, self._lefts, heights, widths = np.array([(w.row, w.col, w.height, w.width) for w in windows]).T
        self._bottoms, self._rights = self._tops + heights, self._lefts + widths

    def of(self, batch: Batch) -> np.ndarray:
        """See Grouping."""
        near = [self._polygons[index] for index in np.flatnonzero(self._touched(batch.window))]
        if not near:
            return np.zeros(batch.pixels.size, np.int64)
        inside = covered({"type": "GeometryCollection", "geometries": near}, self._grid, batch.window)
        return inside.ravel()[batch.pixels].astype(np.int64)

    def _touched(self, window: Window) -> np.ndarray:
        bottom, right = window.row + window.height, window.col + window.width
        touched: np.ndarray = (self._tops < bottom) & (self._bottoms > window.row) & (self._lefts < right) & (self._rights > window.col)
        return touched

    def validating(self, counts: Counts, share: float, seed: int) -> np.ndarray:
        """See Grouping."""
        return np.array([self.INSIDE])


def grouping_of(sampling: Sampling, grid: Grid, default: Grouping | None) -> Grouping | None:
    """What is split as a whole: what the layer of areas says, squares if their side is given, else the default; None: single pixels.

    Raises:
        BadTruth: not one area lies on the image.
        BadParameter: a buffer without anything to be kept apart.
    """
    if not sampling.splits:
        return None
    if sampling.validation_areas:
        return _by_layer(sampling, grid)
    if sampling.spatial_block:
        return ByArea(Areas(grid, sampling.spatial_block))
    if sampling.spatial_buffer and default is None:
        raise BadParameter(
            "Buffer around the validation samples",
            expected="areas that validate as a whole",
            received="single pixels",
            remedy="Give the side of the validation areas, or a layer of them.",
        )
    return default


def _by_layer(sampling: Sampling, grid: Grid) -> ByLayer:
    with VectorReader(sampling.validation_areas, sampling.validation_areas_layer) as layer:
        geometries = [feature.geometry for feature in layer.features(grid.crs) if feature.geometry is not None]
    polygons = [geometry for geometry in geometries if "Polygon" in geometry["type"] and not pixel_window(geometry, grid).empty]
    if not polygons:
        raise BadTruth(
            f"{sampling.validation_areas} has no area on the image",
            expected="polygons that overlap it",
            received=f"{len(geometries)} geometries elsewhere, or no polygons",
            remedy="Check its CRS.",
        )
    return ByLayer(polygons, grid)


def tally(grouping: Grouping, batch: Batch) -> dict[int, int]:
    """Candidates of the batch in each group."""
    groups = grouping.of(batch)
    if isinstance(groups, int):
        return {groups: batch.pixels.size}
    numbers, counts = np.unique(groups, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def on_side(grouping: Grouping, batch: Batch, validation: np.ndarray) -> np.ndarray:
    """Which candidates of the batch belong to one of the validation groups (ascending): bool, one each."""
    groups = grouping.of(batch)
    if isinstance(groups, int):  # a million polygons: np.isin takes its time for a single number
        place = int(np.searchsorted(validation, groups))
        return np.broadcast_to(np.bool_(place < validation.size and validation[place] == groups), batch.pixels.shape)
    return np.isin(groups, validation)

"""createdemoscene: writes the demo scene block by block; memory does not grow with its size."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from ..errors import CannotWrite
from ..jobs import CreateDemoScene
from ..partial import write_error
from ..raster.grid import Grid, Window
from ..raster.writer import Bands, RasterWriter
from ..reporting import Reporter
from ..vector import INT, TEXT, VectorWriter
from . import legend, truth
from .scene import FINE, SPACING, Scene, Tile
from .spectra import BANDS_10M, BANDS_20M

BLOCK = 128  # pixels of 10 m: small enough for its arrays to stay in the processor's cache; a multiple of truth.CELL
REGION = 512  # blocks are done region by region: so that tiles of every image, the 20 m one too, are whole before the next region
CORNER = 430000.0, 5500000.0  # of the scene on the map
CRS_NAME = "EPSG:32631"
_NAMES = {code: land_class.name for code, land_class in ((c.code, c) for c in legend.CLASSES)}


def run(job: CreateDemoScene, reporter: Reporter) -> dict[str, Any]:
    """Write the scene into the folder `job.output`, which is made if it is missing; other files in it stay.

    Raises:
        CannotWrite: no folder is given, it cannot be made or written, or the disk is full.
    """
    _make_folder(job.output)
    reporter.info(f"Demo scene of {job.size} × {job.size} pixels of {SPACING:g} m, {job.dates} dates, seed {job.seed}.")
    scene = Scene.of_seed(job.size, job.dates, job.seed, reporter.check)
    with _Writers(job.output, scene) as writers:
        reporter.phase(f"The main image is that of {scene.days[scene.main]}.")
        _write_all(scene, writers, reporter)
    reporter.info(
        f"{writers.truth.count} truth polygons of {len(legend.CLASSES)} classes; {writers.masked:.2%} of the main image are cloud."
    )
    return writers.paths


def blocks(size: int) -> list[Window]:
    """The scene's blocks, in the order of the regions; every pixel is in exactly one."""
    starts = [
        (top + row, left + col)
        for top in range(0, size, REGION)
        for left in range(0, size, REGION)
        for row in range(0, REGION, BLOCK)
        for col in range(0, REGION, BLOCK)
    ]
    return [Window(row, col, BLOCK, BLOCK).clipped(size, size) for row, col in starts if row < size and col < size]


def _write_all(scene: Scene, writers: _Writers, reporter: Reporter) -> None:
    windows = blocks(scene.size)
    for done, (window, tile) in enumerate(_rendered(scene, windows, reporter), start=1):
        writers.write(window, tile)
        reporter.progress(done / len(windows), "Painting the landscape")


def _rendered(scene: Scene, windows: list[Window], reporter: Reporter) -> Iterator[tuple[Window, Tile]]:
    """The tiles in order, computed on all processors a few ahead of the writing (numpy lets go of the interpreter's lock)."""
    workers = min(os.cpu_count() or 1, 8)
    waiting: deque[tuple[Window, Future[Tile]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for window in windows:
                reporter.check()
                waiting.append((window, pool.submit(scene.render, window)))
                if len(waiting) > 2 * workers:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            pool.shutdown(cancel_futures=True)


def _next(waiting: deque[tuple[Window, Future[Tile]]]) -> tuple[Window, Tile]:
    window, future = waiting.popleft()
    return window, future.result()


class _Writers:
    """All files of a scene, open at once; only a clean end gives them their names."""

    def __init__(self, folder: str, scene: Scene) -> None:
        self.scene = scene
        series = {f"SERIES{number}": f"series_{day:%Y%m%d}.tif" for number, day in enumerate(scene.days, start=1)}
        names = {
            "IMAGE10": "image_10m.tif", "IMAGE20": "image_20m.tif", "PAN": "pan_2m5.tif", "SAR": "sar_10m.tif",
            **series, "TRUTH": "truth.gpkg", "LABELS": "labels.tif",
        }  # fmt: skip
        self.paths = {name: os.path.join(folder, file) for name, file in names.items()}
        self.grid = Grid(scene.size, scene.size, Affine(SPACING, 0, CORNER[0], 0, -SPACING, CORNER[1]), CRS.from_string(CRS_NAME))
        self._masked_pixels = 0

    def __enter__(self) -> _Writers:
        main, scene = self.scene.days[self.scene.main], self.scene
        with contextlib.ExitStack() as exits:
            self.image10 = exits.enter_context(self._raster("IMAGE10", 1, _optical(BANDS_10M, main)))
            self.image20 = exits.enter_context(self._raster("IMAGE20", 2, _optical(BANDS_20M, main)))
            self.pan = exits.enter_context(self._raster("PAN", Fraction(1, FINE), _optical(("PAN",), main)))
            self.sar = exits.enter_context(self._raster("SAR", 1, Bands("float32", ("VV", "VH"), tags=_tags(main))))
            self.labels = exits.enter_context(self._raster("LABELS", 1, Bands("uint8", ("class",), 0, legend.CLASSES)))
            self.series = [
                exits.enter_context(self._raster(f"SERIES{number}", 1, _optical(BANDS_10M, day)))
                for number, day in enumerate(scene.days, start=1)
            ]
            fields = {"class": TEXT, "code": INT}
            self.truth = exits.enter_context(VectorWriter(self.paths["TRUTH"], "Polygon", fields, self.grid.crs))
            self._exits = exits.pop_all()
        return self

    def _raster(self, name: str, factor: int | Fraction, bands: Bands) -> RasterWriter:
        return RasterWriter(self.paths[name], self.grid.rescaled(Fraction(factor)), bands)

    def write(self, window: Window, tile: Tile) -> None:
        """One tile into every file."""
        row, col = window.row, window.col
        main = tile.series[self.scene.main]
        self._masked_pixels += int(np.count_nonzero(main[:, :, 0] == 0))
        self.image10.write(main, row, col)
        self.image20.write(tile.image20, row // 2, col // 2)
        self.pan.write(tile.pan, row * FINE, col * FINE)
        self.sar.write(tile.sar, row, col)
        self.labels.write(tile.labels, row, col)
        for writer, image in zip(self.series, tile.series, strict=True):
            writer.write(image, row, col)
        for code, rings in truth.polygons(tile.labels[:, :, 0], tile.units, row, col, self.scene.geography.seed):
            coordinates = [[self.grid.xy(y, x) for x, y in ring] for ring in rings]
            self.truth.write({"type": "Polygon", "coordinates": coordinates}, {"class": _NAMES[code], "code": code})

    @property
    def masked(self) -> float:
        """Share of the main image that is no-data."""
        return self._masked_pixels / self.scene.size**2

    def __exit__(self, *failure: Any) -> None:
        self._exits.__exit__(*failure)


def _optical(names: tuple[str, ...], day: datetime.date) -> Bands:
    return Bands("uint16", names, nodata=0, tags=_tags(day))


def _tags(day: datetime.date) -> tuple[tuple[str, str], ...]:
    return (
        ("TIFFTAG_DATETIME", f"{day:%Y:%m:%d} 10:30:00"),
        ("TIFFTAG_IMAGEDESCRIPTION", "Tensorscape demo scene: synthetic, not a real place"),
    )


def _make_folder(path: str) -> None:
    if not path:
        raise CannotWrite("The demo scene", expected="a folder to write to", received="none")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise write_error(path, error) from error

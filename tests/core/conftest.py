"""What the engine's tests share: tiny rasters on disk and a reporter that remembers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.reporting import Reporter

UTM = "EPSG:32631"
ROOT = Path(__file__).resolve().parents[2]


class RecordingReporter(Reporter):
    """Keeps every event; `cancel_after` events it cancels itself."""

    def __init__(self, cancel_after: int | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._cancel_after = cancel_after
        self.cancelled = threading.Event()
        super().__init__(self._record, self.cancelled)

    def _record(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if self._cancel_after is not None and len(self.events) >= self._cancel_after:
            self.cancelled.set()

    @property
    def texts(self) -> str:
        """Everything that was logged, as one text."""
        return "\n".join(event["text"] for event in self.events if event["type"] == "log")


@pytest.fixture
def reporter() -> RecordingReporter:
    return RecordingReporter()


@pytest.fixture
def make_reporter() -> type[RecordingReporter]:
    return RecordingReporter


@pytest.fixture(scope="session")
def make_raster() -> Callable[..., str]:
    """Writes (rows, cols) or (rows, cols, bands) as a GeoTIFF and returns its path."""

    def make(
        path: Path,
        pixels: np.ndarray,
        *,
        spacing: float = 10.0,
        origin: tuple[float, float] = (500000.0, 5000000.0),
        transform: Affine | None = None,
        crs: str | None = UTM,
        nodata: float | None = None,
        names: tuple[str, ...] = (),
    ) -> str:
        stacked = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
        profile = {
            "driver": "GTiff", "height": stacked.shape[0], "width": stacked.shape[1], "count": stacked.shape[2], "dtype": stacked.dtype,
            "transform": transform or Affine(spacing, 0, origin[0], 0, -spacing, origin[1]), "crs": crs, "nodata": nodata,
            "photometric": "MINISBLACK",
        }  # fmt: skip
        with rasterio.open(path, "w", **profile) as image:
            image.write(np.moveaxis(stacked, 2, 0))
            for band, name in enumerate(names, start=1):
                image.set_band_description(band, name)
        return str(path)

    return make


@pytest.fixture(scope="session")
def sample_data() -> Callable[[str], Path]:
    """A folder of the sample data; skips where it is absent."""
    data = Path(os.environ.get("TENSORSCAPE_DATA") or ROOT.parent / "shared" / "data")

    def find(name: str) -> Path:
        if not (data / name).is_dir():
            pytest.skip(f"no sample data in {data}")
        return data / name

    return find

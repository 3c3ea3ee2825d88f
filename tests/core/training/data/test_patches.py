from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.sampling import sidecar
from core.training.data.patches import Origin, PatchImages


@pytest.mark.parametrize(
    ("images", "bands", "told"),
    [
        (("/data/scene.tif",), ("B02", "B03"), ("B02", "B03")),
        (("/data/scene.tif",), ("scene_1", "scene_2"), ()),  # the image named none: Source called them after its file
        (("/data/T33_B02.jp2", "/data/T33_B03.jp2"), ("T33_B02", "T33_B03"), ("T33_B02", "T33_B03")),
        ((), ("red", "nir"), ("red", "nir")),
    ],
)
def test_what_is_known_of_the_images_that_patches_were_cut_from(
    tmp_path: Path, make_raster: Callable[..., str], images: tuple[str, ...], bands: tuple[str, ...], told: tuple[str, ...]
) -> None:
    path = make_raster(tmp_path / "patches.tif", np.zeros((8, 4, 2), "uint8"))
    sidecar.write(path, sidecar.PatchSidecar("patches", 2, 4, 4, bands, crs="EPSG:32631", spacing=(10.0, 10.0), images=images))
    with PatchImages([path], [], [SimpleNamespace(name="x", shape=(None, 4, 4, 2))], "Training") as patches:
        assert patches.origins() == (Origin(told, 10.0),)

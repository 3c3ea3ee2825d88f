from __future__ import annotations

from pathlib import Path

import pytest

from core.classes import make_classes
from core.errors import CannotRead
from core.sampling import sidecar


def test_what_is_written_is_read(tmp_path: Path) -> None:
    image = str(tmp_path / "p.tif")
    beside = sidecar.PatchSidecar(
        sidecar.PATCHES, 2, 16, 15, ("B02", "Größe"), positions=((1.5, -2.25), (0.1, 3.0)), crs="LOCAL", spacing=(10.0, 20.0),
        images=("a.tif",), classes=make_classes([(1, "water"), (-7, "x")]), mean=(1.0, 2.0), std=(0.5, 0.1),
        minimum=(0.0, 1.0), maximum=(2.0, 3.0),
    )  # fmt: skip
    sidecar.write(image, beside)
    assert sidecar.read(image) == beside
    assert [path.name for path in tmp_path.iterdir()] == ["p.tif.json"]


def test_without_a_sidecar_of_ours_there_is_none(tmp_path: Path) -> None:
    assert sidecar.read(str(tmp_path / "p.tif")) is None
    (tmp_path / "p.tif.json").write_text('{"type": "Feature"}')
    assert sidecar.read(str(tmp_path / "p.tif")) is None


@pytest.mark.parametrize("text", ["{", '{"tensorscape": 1}', '{"tensorscape": 1, "classes": [{}]}'])
def test_a_damaged_one_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.tif.json").write_text(text)
    with pytest.raises(CannotRead, match="Extract the patches again"):
        sidecar.read(str(tmp_path / "p.tif"))

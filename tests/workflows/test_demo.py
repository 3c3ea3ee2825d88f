"""`make demo` with a small scene, and with one's own data in several files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import rasterio

from scripts import chain, demo, qgis, setup

from .conftest import CRS, ORIGIN, SPACING, Landscape

STEPS = 8


@pytest.fixture(autouse=True)
def here(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo in the tests' profile and with their engine, whatever the caller's environment says."""
    monkeypatch.setattr(qgis, "PROFILE", profile)
    monkeypatch.setattr(setup, "engine_python", lambda: sys.executable)
    monkeypatch.setattr(chain, "code_fingerprint", lambda: "this code")  # somebody may be editing while the tests run
    for name in ("IMAGE", "TRUTH", "FIELD", "SIZE", "EPOCHS", "SAMPLES", "SEED", "OUT"):
        monkeypatch.delenv(name, raising=False)


def check_outputs(out: Path, printed: str) -> None:
    for name in ("map.tif", "map.qml", "probabilities.tif", "picture.png", "training.html"):
        assert (out / name).stat().st_size > 0, name
        assert name.endswith(".qml") or str(out / name) in printed
    assert (out / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert "overall accuracy 0." in printed or "overall accuracy 1." in printed


def test_the_demo_scene_and_a_quick_second_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--size", "192", "--epochs", "2", "--samples", "60", "--out", str(tmp_path)]
    assert demo.main(arguments) == 0
    printed = capsys.readouterr().out
    check_outputs(tmp_path, printed)
    assert printed.count("run tensorscape:") == STEPS - 1
    assert "up to date" not in printed
    with rasterio.open(tmp_path / "map.tif") as made:
        assert made.shape == (192, 192)
    assert demo.main(arguments) == 0
    again = capsys.readouterr().out
    assert again.count("up to date") == STEPS
    assert again.splitlines()[-5:] == printed.splitlines()[-5:]


def test_own_data_in_several_files(tmp_path: Path, landscape: Landscape, capsys: pytest.CaptureFixture[str]) -> None:
    bands = [tmp_path / f"band {number}.tif" for number in (1, 2, 3, 4)]
    with rasterio.open(landscape.image) as image:
        profile = {**image.profile, "count": 1}
        for number, path in enumerate(bands, start=1):
            with rasterio.open(path, "w", **profile) as single:
                single.write(image.read(number), 1)
    out = tmp_path / "out"
    arguments = ["--image", ";".join(map(str, bands)), "--truth", landscape.truth, "--field", "cover", "--epochs", "6", "--samples", "120"]
    assert demo.main([*arguments, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    check_outputs(out, printed)
    assert "createdemoscene" not in printed
    with rasterio.open(out / "map.tif") as made:
        assert made.shape == landscape.index.shape
        assert made.crs == CRS
        assert (made.transform.c, made.transform.f, made.transform.a) == (*ORIGIN, SPACING)

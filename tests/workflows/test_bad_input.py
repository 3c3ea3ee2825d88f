"""How errors reach somebody who works with qgis_process: exit status 1, the message whole, nothing left behind. The errors themselves
are in the table of tests/core/test_bad_input.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Landscape, Run, write_squares

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "an image that is not there": ({"INPUT": "/nowhere/image.tif"}, "INPUT"),  # found by QGIS's own check
    "a truth elsewhere": ({"TRUTH": "far.gpkg"}, "Not one pixel of the image can be a sample"),  # found by the engine
    "a strategy without its file": ({"STRATEGY": "byclass"}, "expected a CSV file with the columns class and count"),  # found by the job
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_ends_with_status_1_and_its_message(process: Callable[..., Run], landscape: Landscape, tmp_path: Path, case: str) -> None:
    changes, message = CASES[case]
    write_squares(tmp_path / "far.gpkg", [("forest", 5000, 5000)], side=10)
    given = {name: tmp_path / value if str(value).endswith(".gpkg") else value for name, value in changes.items()}
    usual = {"INPUT": landscape.image, "TRUTH": landscape.truth, "FIELD": "cover", "OUTPUT": tmp_path / "out.gpkg"}
    run = process("selectsamples", **{**usual, **given})
    assert run.status == 1
    assert message in run.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["far.gpkg"]


def test_a_source_that_cannot_be_read_is_named_among_several(process: Callable[..., Run], landscape: Landscape, tmp_path: Path) -> None:
    """QGIS itself would drop it in silence, and the model would be fed the wrong bands."""
    (tmp_path / "junk.tif").write_text("no image")
    run = process("servemodel", SOURCE1=[landscape.image, tmp_path / "junk.tif"], MODEL=tmp_path, OUTPUT=tmp_path / "map.tif")
    assert run.status == 1
    assert "SOURCE1: cannot open" in run.text and "junk.tif" in run.text

"""The pages of selections and of extracted patches: what they tell, and that the pictures show the patches."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from core.jobs import ExtractPatches, PatchSource, Sampling, SelectSamples, SelectSamplesFromLabels
from core.sampling import extract, select, select_labels
from core.sampling.quicklook import EACH, MOST_SIDE, contact_sheet, spread

SIDE = 80


@pytest.fixture
def cut(tmp_path: Path, make_raster: Callable, make_layer: Callable, point: Callable, make_reporter: type) -> Callable[..., str]:
    """cut(names, bands, **changes): the page on patches of an image whose left half is red and whose right half is green."""

    def make(samples: list[tuple[float, float, Any]], dtype: str = "uint16", sizes: tuple = ((8, 8),), **changes: Any) -> str:
        pixels = np.zeros((SIDE, SIDE, 3), dtype)
        pixels[:, : SIDE // 2, 0] = pixels[:, SIDE // 2 :, 1] = 100
        image = make_raster(tmp_path / "scene.tif", pixels, names=("red", "green", "blue"))
        kind = "int" if isinstance(samples[0][2], int) else "str"
        points = make_layer(tmp_path / "p.gpkg", [(point(r, c), {"cover": name}) for r, c, name in samples], {"cover": kind})
        parts = tuple(PatchSource((image,), w, h, output=str(tmp_path / f"p{n}.tif")) for n, (h, w) in enumerate(sizes))
        job = ExtractPatches(parts, points, field="cover", output_html=str(tmp_path / "page.html"), **changes)
        assert extract.run(job, make_reporter())["OUTPUT_HTML"] == job.output_html
        return Path(job.output_html).read_text(encoding="utf-8")

    return make


def pictures(page: str) -> list[np.ndarray]:
    return [imread(io.BytesIO(base64.b64decode(data)), format="png")[:, :, :3] for data in re.findall(r"base64,([^\"]+)", page)]


def test_the_page_shows_each_class_and_counts_what_was_rejected(cut: Callable, tmp_path: Path) -> None:
    samples = [(20.5 + i, 20.5, "roof & <wall>") for i in range(10)] + [(20.5 + i, 60.5, "lawn") for i in range(3)]
    page = cut(
        [*samples, (1.5, 1.5, "lawn"), (-5, 3, "lawn")], rejected=str(tmp_path / "rejected.gpkg"), output_labels=str(tmp_path / "l.tif")
    )
    assert "Patches: 13 · classes: 2 · samples rejected: 2" in page and "<wall>" not in page
    assert "patch reaches over the edge of the image" in page and "outside the image" in page and "rejected.gpkg" in page
    _, sheet = pictures(page)
    red, green = (sheet[:, :, 0] > 0.9) & (sheet[:, :, 1] < 0.1), (sheet[:, :, 1] > 0.9) & (sheet[:, :, 0] < 0.1)
    rows_of_green, rows_of_red = (np.flatnonzero(mask.any(axis=1)) for mask in (green, red))
    assert rows_of_green.max() < rows_of_red.min()  # lawn first: the order of the codes
    assert green.sum() == pytest.approx(red.sum() * 3 / EACH, rel=0.1)  # three patches, and as many as fit


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
def test_one_class_one_patch_and_codes_of_any_size(cut: Callable, dtype: str) -> None:
    page = cut([(20.5, 20.5, 2**40)], dtype, sizes=((1, 1), (5, 12)))
    assert "Patches: 1 · classes: 1 · samples rejected: 0" in page
    assert len(pictures(page)) == 3 and "None." in page  # a chart, and a sheet for each source


def test_very_many_classes_are_not_all_shown(cut: Callable) -> None:
    page = cut([(20.5 + i // 8, 20.5 + i % 8, i) for i in range(64)])
    assert "… and 44 more classes" in page


def test_without_a_page_none_is_written(tmp_path: Path, cut: Callable, make_reporter: type) -> None:
    cut([(20.5, 20.5, 1)])
    (tmp_path / "page.html").unlink()
    points, image = str(tmp_path / "p.gpkg"), str(tmp_path / "scene.tif")
    assert "OUTPUT_HTML" not in extract.run(
        ExtractPatches((PatchSource((image,), output=str(tmp_path / "q.tif")),), points), make_reporter()
    )


@given(st.integers(1, 200), st.integers(1, 20))
def test_patches_are_chosen_from_the_first_to_the_last(count: int, most: int) -> None:
    chosen = spread(np.arange(count) * 3, most)
    assert len(chosen) == min(count, most) == len(set(chosen.tolist())) and chosen[0] == 0
    assert most == 1 or chosen[-1] == 3 * (count - 1)


def test_large_patches_are_thinned_out(tmp_path: Path, cut: Callable) -> None:
    page = cut([(40.5, 40.5, 1)], sizes=((300, 20),), padding=True)
    assert len(pictures(page)) == 2 and MOST_SIDE < 300
    assert contact_sheet([[np.zeros((3, 7, 3))]], ["one"])[:4] == b"\x89PNG"


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_a_selection_shows_both_sides_of_its_split(
    tmp_path: Path, make_raster: Callable, make_layer: Callable, box: Callable, make_reporter: type, share: float
) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((SIDE, SIDE), "uint8"))
    shapes = [(box(10 * i, 10 * j, 5, 5), {"cover": name}) for i in range(4) for j, name in enumerate("abc")]
    shapes.append((box(70, 70, 5, 5), {"cover": "lonely"}))
    sampling = Sampling("constant", number=20, validation_share=share)
    outputs = {name: str(tmp_path / f"{name}.gpkg") for name in ("output", "output_validation")}
    truth, page = make_layer(tmp_path / "truth.gpkg", shapes, {"cover": "str"}), str(tmp_path / "page.html")
    job = SelectSamples(image=image, truth=truth, field="cover", sampling=sampling, output_html=page, **outputs)
    assert select.run(job, make_reporter())["OUTPUT_HTML"] == page
    text = Path(page).read_text(encoding="utf-8")
    assert ("Validation, percent" in text) == (share > 0)
    assert ("Class lonely has no validation samples" in text) == (share > 0)
    assert ("48 samples for training and 24 for validation" in text or "for training of 4 classes" in text) and "truth.gpkg" in text
    chart = pictures(text)[0]
    validation = np.abs(chart - np.array([0xE3, 0xA3, 0x3B]) / 255).max(axis=2) < 0.01
    assert validation.any() == (share > 0)


def test_a_selection_from_labels_has_its_page_too(tmp_path: Path, make_raster: Callable, make_reporter: type) -> None:
    labels = make_raster(tmp_path / "labels.tif", (np.arange(400).reshape(20, 20) % 3).astype("uint8"), nodata=0)
    page = str(tmp_path / "page.html")
    job = SelectSamplesFromLabels(labels=labels, output=str(tmp_path / "s.gpkg"), output_html=page)
    assert select_labels.run(job, make_reporter())["OUTPUT_HTML"] == page
    assert "266 samples for training of 2 classes, from labels.tif" in Path(page).read_text(encoding="utf-8")

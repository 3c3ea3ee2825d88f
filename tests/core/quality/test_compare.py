"""The job comparequality on files: figures, gaps, borders, refusals, report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
import pytest

from core.errors import BadParameter, Cancelled, CannotRead, CannotWrite, GridMismatch
from core.jobs import CompareQuality
from core.normalization import blocks
from core.quality import compare
from core.quality.figures import Quality
from core.quality.similarity import ssim_map
from core.quality.tally import QualityTally
from core.worker import run_job

Make = Callable[..., CompareQuality]


@pytest.fixture
def job(make_raster: Callable[..., str], tmp_path: Path) -> Make:
    """job(reference, image, grid={...}, **fields): files and a job on them; `grid` is of the image, `both` of both."""

    def make(
        reference: np.ndarray, image: np.ndarray, /, grid: dict[str, Any] | None = None, both: dict[str, Any] | None = None, **fields: Any
    ) -> CompareQuality:
        names = {"names": tuple("rgbn"[: reference.shape[2]])}
        first = make_raster(tmp_path / "reference.tif", reference, **names, **(both or {}))
        second = make_raster(tmp_path / "image.tif", image, **(both or {}), **(grid or {}))
        return CompareQuality(**{"image": second, "reference": first, "output_html": str(tmp_path / "report.html"), **fields})

    return make


def scene(height: int = 300, width: int = 700, bands: int = 3, dtype: str = "uint16") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:height, :width]
    reference = np.stack([2000 + 800 * np.sin(rows / (9 + band)) * np.cos(cols / 11) for band in range(bands)], axis=2)
    return reference.astype(dtype), (0.97 * reference + rng.normal(30, 25, reference.shape)).astype(dtype)


def whole(reference: np.ndarray, image: np.ndarray, peak: float, valid: np.ndarray | None = None) -> Quality:
    tally = QualityTally([str(band) for band in range(reference.shape[2])], peak)
    tally.feed(reference, image, valid)
    return tally.scores()


def test_the_figures_are_those_of_the_whole_arrays(job: Make, make_reporter: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 1)  # six blocks of 256 pixels
    reference, image = scene()
    reporter, done = make_reporter(), job(reference, image)
    found = compare.run(done, reporter)
    peak = float(reference.max()) - float(reference.min())
    expected = whole(reference, image, peak).numbers()
    assert found == {"OUTPUT_HTML": done.output_html} | {name.upper(): pytest.approx(value) for name, value in expected.items()}
    assert set(found) == {"OUTPUT_HTML", "PSNR", "SSIM", "SAM", "ERGAS", "RMSE"}
    assert f"the range of the reference, {reference.min()} to {reference.max()}" in reporter.texts
    page = Path(done.output_html).read_text()
    assert all(f"<td>{name}</td>" in page for name in ("r", "g", "b", "All bands")) and "data:image/png" in page
    assert "mean of 2 × 2 pixels" in page and "Wald (2000)" in page and "nan" not in page.lower().split("data:image/png")[0]


@pytest.mark.parametrize(("dtype", "peak", "expected"), [("uint8", 0.0, 255.0), ("uint8", 100.0, 100.0), ("float32", 1.5, 1.5)])
def test_the_peak(job: Make, reporter: Any, dtype: str, peak: float, expected: float) -> None:
    reference, image = scene(40, 50, 1)
    reference, image = ((pixels // 16).astype(dtype) for pixels in (reference, image))
    found = compare.run(job(reference, image, peak=peak, output_html=""), reporter)
    error = image.astype(float) - reference
    assert found["PSNR"] == pytest.approx(10 * np.log10(expected**2 / np.mean(error**2)))
    assert found["SSIM"] == pytest.approx(ssim_map(reference[:, :, 0], image[:, :, 0], expected).mean())
    assert set(found) == {"PSNR", "SSIM", "ERGAS", "RMSE"}, "a single band has no spectral angle, and no page was wanted"


def test_pixels_without_data_in_either_image_are_left_out(job: Make, make_reporter: type) -> None:
    """Also of the range, which is the peak."""
    reference, image = scene(60, 70, dtype="float32")
    reference[5, 6, 1], image[50:, 60:] = -9999, np.nan
    image[30, 30, 0] = -9999
    reference[55, 65] = 1e9  # where the image has none
    valid = (reference != -9999).all(axis=2) & (image != -9999).all(axis=2) & ~np.isnan(image).any(axis=2)
    peak = reference[valid].max() - reference[valid].min()
    expected = {name.upper(): pytest.approx(value) for name, value in whole(reference, image, float(peak), valid).numbers().items()}
    for told in ({"both": {"nodata": -9999}}, {"nodata": -9999.0}):
        reporter = make_reporter()
        assert compare.run(job(reference, image, output_html="", **told), reporter) == expected
        assert f"{int((~valid).sum())} of 4,200 pixels have no data" in reporter.texts


def test_the_border_is_as_if_it_were_cut_off(job: Make, make_reporter: type) -> None:
    reference, image = scene(60, 70)
    image[:4] = image[-4:] = 60000
    cut = slice(4, -4)
    expected = compare.run(job(reference[cut, cut], image[cut, cut], output_html=""), make_reporter())
    found = compare.run(job(reference, image, border=4), make_reporter())
    assert {name: found[name] for name in expected} == {name: pytest.approx(value) for name, value in expected.items()}
    with pytest.raises(BadParameter, match="less than 30, half of 60 × 70 pixels, received 30"):
        compare.run(job(reference, image, border=30), make_reporter())


def test_equal_images_have_an_infinite_psnr_which_is_no_number(job: Make, reporter: Any) -> None:
    reference, _ = scene(30, 30)
    done = job(reference, reference)
    found = run_job(done, reporter)
    assert "PSNR" not in found and found["SSIM"] == pytest.approx(1) and (found["SAM"], found["ERGAS"], found["RMSE"]) == (0, 0, 0)
    assert "PSNR is infinite" in reporter.texts and "∞" in Path(done.output_html).read_text()


def test_equal_images_that_have_data_in_a_corner_only(job: Make, reporter: Any) -> None:
    reference = np.zeros((300, 300, 1), "uint8")
    reference[298:, 298:] = 9
    assert run_job(job(reference, reference, nodata=0.0), reporter)["RMSE"] == 0


@pytest.mark.parametrize("value", [7, 9])
def test_a_single_pixel(job: Make, reporter: Any, value: int) -> None:
    found = run_job(job(np.full((1, 1, 2), 7, "uint8"), np.full((1, 1, 2), value, "uint8")), reporter)
    assert found["RMSE"] == value - 7 and "SSIM" not in found and ("PSNR" in found) == (value != 7)
    assert "no window of 11 × 11" in reporter.texts


def test_a_constant_reference_has_no_peak(job: Make, reporter: Any) -> None:
    found = run_job(job(np.zeros((20, 20, 2), "int16"), np.ones((20, 20, 2), "int16")), reporter)
    assert {name for name in found if name.isupper()} == {"OUTPUT_HTML", "RMSE"}
    assert all(word in reporter.texts for word in ("need a peak", "SAM is unknown", "ERGAS, which divides"))


def test_transparency_is_no_band(job: Make, make_reporter: type, tmp_path: Path) -> None:
    import rasterio
    from rasterio.enums import ColorInterp

    reference, image = (pixels.astype("uint8") for pixels in (part // 16 for part in scene(30, 40, 4)))
    reference[..., 3] = 255
    reference[:8, :9, 3] = 0
    done = job(reference, image[..., :3], output_html="")
    with rasterio.open(done.reference, "r+") as file:
        file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    expected = whole(reference[..., :3], image[..., :3], 255, reference[..., 3] > 0).numbers()
    assert compare.run(done, make_reporter()) == {name.upper(): pytest.approx(value) for name, value in expected.items()}


@pytest.mark.parametrize(
    ("halved", "grid", "words"),
    [
        ("image", {"spacing": 20.0}, "same extent.*Bring the image to the other's pixels"),
        ("reference", {"spacing": 5.0}, "same extent.*Bring the reference to"),
        ("", {"origin": (500100.0, 5000000.0)}, "reference's grid.*received .*x 500100 to"),
        ("", {"crs": "EPSG:32632"}, "received .*EPSG:32632.*Bring it onto"),
    ],
)
def test_other_grids_are_refused_with_advice(job: Make, reporter: Any, halved: str, grid: dict[str, Any], words: str) -> None:
    pair = dict(zip(("reference", "image"), scene(40, 60), strict=True))
    pair |= {halved: pair[halved][::2, ::2]} if halved else {}
    with pytest.raises(GridMismatch, match=words):
        compare.run(job(pair["reference"], pair["image"], grid), reporter)


def test_other_bands_no_data_and_missing_files_are_refused(job: Make, reporter: Any, tmp_path: Path) -> None:
    reference, image = scene(20, 20)
    for wrong, kind, words in (
        (lambda: job(reference, image[..., :2]), BadParameter, "expected 3 bands, as the reference has, received 2"),
        (lambda: job(reference, image * np.float32("nan")), BadParameter, "Not one pixel has data in both"),
        (lambda: job(reference, image, image=str(tmp_path / "none.tif")), CannotRead, "does not exist"),
        (lambda: job(reference, image, output_html=str(tmp_path / "image.tif")), CannotWrite, "also an input"),
    ):
        with pytest.raises(kind, match=words):
            run_job(wrong(), reporter)
    assert not (tmp_path / "report.html").exists()


def test_a_cancel_is_heard_and_leaves_nothing(job: Make, make_reporter: type, tmp_path: Path) -> None:
    reference, image = scene(1500, 1500, 4)
    done, reporter = job(reference, image), make_reporter()
    stopped: list[float] = []
    timer = Timer(0.2, lambda: (stopped.append(time.monotonic()), reporter.cancelled.set()))
    timer.start()
    with pytest.raises(Cancelled):
        compare.run(done, reporter)
    assert time.monotonic() - stopped[0] < 1.2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tif", "reference.tif"]

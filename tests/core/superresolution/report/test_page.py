"""The report of real trainings, and its pictures."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from core.errors import BadParameter, Cancelled
from core.jobs import ImageLosses, PairSet, TrainSuperresolution
from core.sampling import sidecar
from core.superresolution import train
from core.superresolution.epochs import Epochs
from core.superresolution.pairs import Inputs, Pair
from core.superresolution.report.album import SIDE, look, sheet
from core.superresolution.report.page import panels_of
from core.superresolution.validation import Judged, Validation

MakeJob = Callable[..., TrainSuperresolution]


def tables(page: str) -> dict[str, list[str]]:
    """First cell of each row of all tables → the others."""
    rows = (re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", page))
    return {unescape(cells[0]): [unescape(cell) for cell in cells[1:]] for cells in rows}


def pictures(page: str) -> list[np.ndarray]:
    return [imread(io.BytesIO(base64.b64decode(text))) for text in re.findall(r'base64,([^"]+)"', page)]


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


@pytest.fixture
def report_of(make_job: MakeJob, tmp_path: Path, reporter: Any) -> Callable[..., tuple[str, dict[str, Any]]]:
    """The page of a training, and the outputs of the job."""

    def make(**changes: Any) -> tuple[str, dict[str, Any]]:
        job = make_job(output_html=str(tmp_path / "report.html"), **changes)
        outputs = train.run(job, reporter)
        return Path(outputs["OUTPUT_HTML"]).read_text(encoding="utf-8"), outputs

    return make


def test_of_fine_patches_alone(report_of: Callable[..., Any]) -> None:
    page, outputs = report_of()
    assert headings(page) == [
        "Bands", "Epochs", "Validation pairs", "Pairs", "Network", "Settings", "Machine", "How the figures are computed",
        "To train it again",
    ]  # fmt: skip
    rows = tables(page)
    for start, name in (("PSNR (dB),", "PSNR"), ("SSIM,", "SSIM"), ("SAM", "SAM"), ("ERGAS,", "ERGAS"), ("Consistency", "CONSISTENCY")):
        told = next(cells for text, cells in rows.items() if text.startswith(start))
        network, bicubic = outputs[name], outputs[f"BICUBIC_{name}"]
        assert [float(cell) for cell in told] == pytest.approx([network, bicubic, network - bicubic], abs=6e-4)
    bands = [[float(cell) for cell in rows[name]] for name in ("red", "nir")]
    assert np.sqrt(np.mean([cells[0] ** 2 for cells in bands])) == pytest.approx(outputs["RMSE"], rel=1e-4)
    assert np.mean([cells[4] for cells in bands]) == pytest.approx(outputs["SSIM"], abs=1e-3)
    assert "Network light: pixels 2 times finer, learnt from 8 pairs, measured on 2 others. 2 epochs in" in page
    assert "the last 20% of the training patches" in page and "Wald" in page and "http" not in page
    assert len(pictures(page)) == 2 and "Blau" not in page
    assert "&quot;job&quot;: &quot;trainsuperresolution&quot;" in page


def test_of_given_pairs_with_names_that_look_like_html(
    report_of: Callable[..., Any], make_patches: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "<b>a & b").mkdir()
    names = PairSet((make_patches(gain=2.0, name="<b>a & b/high"),), (make_patches(factor=2),))
    page, _ = report_of(training=names, validation=names, fit_radiometry=True, output=str(tmp_path / "<i>model"))
    assert "<b>" not in page and "&lt;b&gt;a &amp; b" in page and "<h1>Training of &lt;i&gt;model</h1>" in page
    assert "of the coarse ones (median, in coarse pixels)" in page and len(pictures(page)) == 3
    gain, _ = tables(page)["red"]  # the later table: of the radiometry
    assert float(gain) == pytest.approx(0.5, abs=0.01)
    assert "Wald's" not in page and "set apart" not in page


def test_with_a_discriminator_it_says_what_to_expect(report_of: Callable[..., Any]) -> None:
    page, _ = report_of(network="sr4rs", losses=ImageLosses(adversarial="lsgan"))
    assert "PSNR falls by design" in page and "Blau &amp; Michaeli" in page and "far worse than bicubic" in page


@pytest.mark.parametrize("trouble", ["diverged", "cancelled"])
def test_no_page_of_a_training_that_ends_badly(
    make_job: MakeJob, tmp_path: Path, reporter: Any, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    job = make_job(network="sr4rs", output_html=str(tmp_path / "report.html"))
    if trouble == "diverged":
        job = replace(job, fitting=replace(job.fitting, learning_rate=1e30))
    else:
        monkeypatch.setattr("core.superresolution.report.page.curves", lambda *_: reporter.cancelled.set() or b"")
    with pytest.raises((BadParameter, Cancelled)):
        train.run(job, reporter)
    assert not [name for name in os.listdir(tmp_path) if "report" in name]


def test_bicubic_is_a_level_line_and_what_is_unknown_has_no_panel() -> None:
    rows = [{"epoch": 1.0, "loss": 2.0, "learning_rate": 0.1, "psnr": 20.0}, {"epoch": 2.0, "loss": 1.0, "learning_rate": 0.1}]
    first, *others = panels_of(Epochs(rows, 2), {"psnr": 30.0})
    network, bicubic = first.lines
    assert network.values == (20.0, None) and bicubic.values == (30.0,) and bicubic.level
    assert [panel.title for panel in others] == ["Loss, on the training pairs", "Learning rate"]


class FewRead(Validation):
    """Pairs of noise of any size, made when they are asked for; which ones were."""

    factor = 4

    def __init__(self, count: int, shape: tuple[int, int, int]) -> None:
        self.names, self.asked, self._shape = [f"band {n}" for n in range(shape[2])], [], shape
        self.of_bicubic = Judged(None, None, np.ones(count))  # type: ignore[arg-type]
        self.by_bicubic = self.make

    def make(self, inputs: Inputs) -> np.ndarray:
        return inputs[0].repeat(4, axis=1).repeat(4, axis=2)

    def pair(self, place: int) -> Pair:
        self.asked.append(place)
        high = np.random.default_rng(place).normal(size=(1, *self._shape))
        return (high[:, ::4, ::4],), high


@pytest.mark.parametrize(("count", "shape", "shown"), [(1, (32, 32, 1), 1), (5, (36, 400, 2), 5), (500, (400, 200, 4), 6)])
def test_the_album_reads_only_what_it_shows(count: int, shape: tuple[int, int, int], shown: int) -> None:
    validation, errors = FewRead(count, shape), np.random.default_rng(0).permutation(count).astype(float)
    album = look(validation, validation.make, Judged(None, None, errors), lambda: None)  # type: ignore[arg-type]
    assert len(album) == shown == len(validation.asked) == len(set(validation.asked))
    assert {int(errors.argmin()), int(errors.argmax())} <= set(validation.asked)
    rows, cols = album[0].difference.shape
    assert (rows, cols) == (min(shape[0] - 16, SIDE), min(shape[1] - 16, SIDE)) and album[0].images[0].shape == (rows, cols, 3)
    assert imread(io.BytesIO(sheet(album))).shape[1] > 900


def test_a_picture_shows_whole_coarse_pixels() -> None:
    validation = FewRead(1, (132, 132, 1))
    album = look(validation, validation.make, Judged(None, None, np.zeros(1)), lambda: None)  # type: ignore[arg-type]
    coarse = album[0].images[0][..., 0].reshape(SIDE // 4, 4, SIDE // 4, 4)
    assert np.ptp(coarse, axis=(1, 3)).max() == 0


def test_flat_ground_has_no_psnr_and_yet_a_page(report_of: Callable[..., Any], make_raster: Callable[..., str], tmp_path: Path) -> None:
    flat = make_raster(tmp_path / "flat.tif", np.full((2 * 48, 48, 1), 7, "uint8"))
    sidecar.write(flat, sidecar.PatchSidecar("patches", 2, 48, 48, (), crs="EPSG:32631"))
    page, outputs = report_of(training=PairSet((flat,)))
    assert "PSNR" not in outputs and len(pictures(page)) == 2
    assert tables(page)["band 1"][4:6] == ["–"] * 2  # SSIM, without a peak

"""Trainings, small but whole: from patch images to a model folder."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadParameter, Cancelled
from core.jobs import ImageLosses, PairSet, TrainSuperresolution, from_dict, to_dict
from core.kept import kept_path
from core.model.contract import read
from core.model.folder import read_trainable
from core.superresolution import loop, train

BANDS = ("red", "nir")


def weights_of(path: str) -> list[np.ndarray]:
    """All numbers of a written network."""
    weights: list[np.ndarray] = read_trainable(path)[0].get_weights()
    return weights


def test_the_light_network_beats_bicubic(make_job: Callable[..., TrainSuperresolution], tmp_path: Path, reporter: Any) -> None:
    files = {"output_csv": str(tmp_path / "log.csv"), "output_tensorboard": str(tmp_path / "board")}
    job = make_job(**files)
    outputs = train.run(replace(job, fitting=replace(job.fitting, epochs=20)), reporter)
    assert outputs["PSNR"] > outputs["BICUBIC_PSNR"] + 1
    assert outputs["SSIM"] > outputs["BICUBIC_SSIM"] and outputs["ERGAS"] < outputs["BICUBIC_ERGAS"]
    contract = read(job.output)
    assert contract is not None and contract.scale_factor == Fraction(1, 2) and contract.fully_convolutional
    assert contract.inputs[0].bands == contract.outputs[0].bands == BANDS
    assert contract.inputs[0].spacing == 5.0  # of the coarser images, though it may as well be applied to what they are made of
    with open(outputs["OUTPUT_CSV"], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 and float(rows[outputs["BEST_EPOCH"] - 1]["psnr"]) == outputs["PSNR"]
    assert list((tmp_path / "board" / "run_1" / "validation").iterdir())


@pytest.mark.parametrize("adversarial", ["wgan", "lsgan"])
def test_a_discriminator_takes_part_after_the_pretraining(
    make_job: Callable[..., TrainSuperresolution], adversarial: str, reporter: Any
) -> None:
    job = make_job(network="sr4rs", losses=ImageLosses(adversarial=adversarial))
    outputs = train.run(replace(job, fitting=replace(job.fitting, pretrain=1, learning_rate=2e-4)), reporter)
    assert np.isfinite(outputs["PSNR"])
    assert outputs["BEST_EPOCH"] == 2  # not the pretraining's, whatever the PSNR
    contract = read(job.output)
    assert contract is not None and len(contract.outputs) == 1


def test_a_stopped_training_goes_on_as_if_it_had_not(
    make_job: Callable[..., TrainSuperresolution], tmp_path: Path, make_reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(network="sr4rs", losses=ImageLosses(adversarial="wgan"), resume=True)
    whole = replace(job, output=str(tmp_path / "whole"))
    train.run(whole, make_reporter())
    monkeypatch.setattr(loop, "_learn", _stopping(loop._learn, at=2))
    with pytest.raises(Cancelled):
        train.run(job, make_reporter())
    monkeypatch.undo()
    reporter = make_reporter()
    train.run(job, reporter)
    assert "Going on after epoch 1" in reporter.texts
    for one, other in zip(weights_of(job.output), weights_of(whole.output), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not Path(kept_path(job.output)).exists()


def _stopping(action: Callable[..., float], at: int) -> Callable[..., float]:
    def epoch(*arguments: Any) -> float:
        if arguments[4] == at:
            raise Cancelled
        return action(*arguments)

    return epoch


def test_a_training_that_diverges_writes_no_model(make_job: Callable[..., TrainSuperresolution], reporter: Any) -> None:
    job = make_job(network="sr4rs")
    with pytest.raises(BadParameter, match=r"diverged[\s\S]*Lower the learning rate"):
        train.run(replace(job, fitting=replace(job.fitting, learning_rate=1e30)), reporter)
    assert not Path(job.output).exists() and not Path(kept_path(job.output)).exists()


def test_a_generator_that_outruns_its_discriminator_writes_no_model(make_job: Callable[..., TrainSuperresolution], reporter: Any) -> None:
    """Its loss is finite, and falls: only the figures tell."""
    job = make_job(losses=ImageLosses(l1=1e-6, adversarial="wgan", gan=100.0))
    with pytest.raises(BadParameter, match=r"diverged[\s\S]*PSNR near that of before[\s\S]*lower the weight GAN"):
        train.run(replace(job, fitting=replace(job.fitting, epochs=30, pretrain=1, learning_rate=2e-2, average=0.0)), reporter)
    assert not Path(job.output).exists() and not Path(kept_path(job.output)).exists()


def test_given_pairs_are_measured_and_fitted(
    make_job: Callable[..., TrainSuperresolution], make_patches: Callable[..., str], tmp_path: Path, reporter: Any
) -> None:
    pairs = PairSet((make_patches(gain=2.0, name="high"),), (make_patches(factor=2),))
    outputs = train.run(make_job(training=pairs, fit_radiometry=True, output_pairs=str(tmp_path / "pairs.csv")), reporter)
    assert "of the coarse ones" in reporter.texts and "Radiometry" in reporter.texts
    assert outputs["RMSE"] < 400  # of values about 1000 and 3000, not 2000 and 6000
    with open(tmp_path / "pairs.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10 and max(abs(float(row[axis])) for row in rows for axis in ("down", "right")) < 0.2


@pytest.mark.parametrize("given", [False, True])
def test_a_guide_beats_what_has_none(
    make_job: Callable[..., TrainSuperresolution], make_patches: Callable[..., str], given: bool, reporter: Any
) -> None:
    """The guide is the very scene in finer pixels: by Wald's protocol twice as fine, beside given coarse patches as fine."""
    high = make_patches(side=48, factor=1 if given else 2, name="high")
    low, guide = ((make_patches(factor=2),), make_patches(name="guide")) if given else ((), make_patches(side=96))
    pairs = PairSet((high,), low, (guide,))
    job = make_job(training=pairs, filters=8)
    job = replace(job, fitting=replace(job.fitting, epochs=20))
    outputs = train.run(job, reporter)
    assert outputs["PSNR"] > outputs["BICUBIC_PSNR"] + 3
    contract = read(job.output)
    assert contract is not None and len(contract.inputs) == 2
    assert [spec.spacing for spec in contract.inputs] == ([5.0, 2.5] if given else [10.0, 5.0])
    told = reporter.texts.replace("-0.0", "+0.0")
    assert "The guide images lie +0.0" in told and f"of the {'coarse' if given else 'fine'} ones" in told


def test_enlarged_images_are_told(make_job: Callable[..., TrainSuperresolution], make_raster: Any, tmp_path: Path, reporter: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (4 * 24, 24, 2), "uint8").repeat(2, axis=0).repeat(2, axis=1)
    image = make_raster(tmp_path / "squares.tif", pixels, names=BANDS)
    train.run(make_job(training=PairSet((image,)), output_html=str(tmp_path / "report.html")), reporter)
    told = "The fine pixels of red, nir come in squares of 2 × 2 equal ones"
    assert told in reporter.texts and told in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_all_patches_or_none_have_a_guide(
    make_job: Callable[..., TrainSuperresolution], make_patches: Callable[..., str], reporter: Any
) -> None:
    high, guide = make_patches(factor=2), make_patches(side=96)
    with pytest.raises(BadParameter, match="for training and for validation"):
        train.run(make_job(training=PairSet((high,), guide=(guide,)), validation=PairSet((high,))), reporter)


def test_patches_of_several_scenes_are_one_training(
    make_job: Callable[..., TrainSuperresolution], make_patches: Callable[..., str], reporter: Any
) -> None:
    job = make_job(training=PairSet((make_patches(name="a"), make_patches(4, name="b"))), validation=PairSet((make_patches(name="c"),)))
    train.run(job, reporter)
    assert "14 pairs to learn from, 10 to validate with" in reporter.texts
    with pytest.raises(BadParameter, match="same scenes"):
        PairSet(("a.tif", "b.tif"), ("c.tif",))


@pytest.mark.parametrize(
    "changes, words", [({"factor": 5}, "FACTOR"), ({"losses": ImageLosses(l1=0)}, "Losses"), ({"output": ""}, "Output")]
)
def test_what_cannot_be_is_refused(
    make_job: Callable[..., TrainSuperresolution], changes: dict[str, Any], words: str, reporter: Any
) -> None:
    with pytest.raises(BadParameter, match=words):
        train.run(make_job(**changes), reporter)


def test_vgg_needs_its_weights_and_bands(make_job: Callable[..., TrainSuperresolution], reporter: Any) -> None:
    with pytest.raises(BadParameter, match="VGG_BANDS"):
        train.run(make_job(losses=ImageLosses(vgg=1.0)), reporter)
    with pytest.raises(BadParameter, match="VGG_WEIGHTS"):
        train.run(make_job(losses=ImageLosses(vgg=1.0, vgg_bands=(1, 2, 1))), reporter)


def test_the_job_travels(make_job: Callable[..., TrainSuperresolution]) -> None:
    job = make_job()
    assert from_dict(to_dict(job)) == job

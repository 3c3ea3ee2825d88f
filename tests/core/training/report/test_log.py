"""The table of the epochs, and the logs for TensorBoard."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, CannotWrite
from core.metrics import Regression, ValueScores, score
from core.model.backend import tf
from core.training.loop import Epoch, History
from core.training.measure import Measured, Result
from core.training.report.board import next_run
from core.training.report.log import EpochLog, figures, row

CLASSES = Result("kind", score(np.array([[5, 1, 0], [2, 4, 0], [0, 0, 0]]), ("forest", "farm, land", "never seen")))
HEIGHT = Result("size", Regression((ValueScores("height", 1.0, 2.0, None, -0.1, 9),)))
TREE = Result("tree", Regression((ValueScores("height", 1.0, 2.0, 0.5, -0.1, 9), ValueScores("age", 3.0, 6.0, 0.1, 0.2, 9))))


def epoch(number: int, *results: Result) -> Epoch:
    found = Measured(0.25, results, np.empty(0)) if results else None
    return Epoch(number, 1 / number, 0.5, 1e-3 / number, 1.23456, found)


def history(*epochs: Epoch) -> History:
    return History(epochs=list(epochs), best=epochs[-1] if epochs else None)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def events(folder: Path) -> dict[tuple[str, int], object]:
    """What the logs of a folder hold: the values of (name, epoch)."""
    (path,) = folder.iterdir()
    told = {}
    for record in tf.data.TFRecordDataset(str(path)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            told[value.tag, event.step] = tf.make_ndarray(value.tensor)
            assert value.metadata.plugin_data.plugin_name in ("scalars", "images")
    return told


def test_a_row_for_every_epoch(tmp_path: Path) -> None:
    past = history()
    with EpochLog(past, str(tmp_path / "t.csv"), "") as log:
        for number in (1, 2, 3):
            past.epochs.append(epoch(number, CLASSES))
            log.epoch(past)
            assert not list(tmp_path.iterdir())  # nothing under any name before the end
    table = rows(tmp_path / "t.csv")
    assert [line["epoch"] for line in table] == ["1", "2", "3"]
    last = table[-1]
    assert list(last)[:6] == ["epoch", "seconds", "learning_rate", "loss", "accuracy", "validation_loss"]
    assert (float(last["loss"]), float(last["learning_rate"]), last["seconds"]) == (1 / 3, 1e-3 / 3, "1.235")
    assert float(last["overall_accuracy"]) == 0.75 and float(last["recall/forest"]) == 5 / 6 and float(last["iou/farm, land"]) == 4 / 7
    assert last["f1/never seen"] == "" and "kappa" in last and "f1" in last and "iou" in last


def test_a_training_that_goes_on_has_all_its_epochs(tmp_path: Path) -> None:
    past = history(epoch(1), epoch(2))
    with EpochLog(past, str(tmp_path / "t.csv"), str(tmp_path / "board")) as log:
        past.epochs.append(epoch(3))
        log.epoch(past)
    assert [line["epoch"] for line in rows(tmp_path / "t.csv")] == ["1", "2", "3"]
    assert {step for _, step in events(tmp_path / "board" / "run_1" / "training")} == {1, 2, 3}
    with EpochLog(past, str(tmp_path / "u.csv"), ""):
        pass  # nothing was left to do
    assert len(rows(tmp_path / "u.csv")) == 3


def test_a_cancelled_training_leaves_no_table_and_an_earlier_one_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("earlier")
    past = history()
    with pytest.raises(Cancelled), EpochLog(past, str(tmp_path / "t.csv"), str(tmp_path / "board")) as log:
        past.epochs.append(epoch(1, CLASSES))
        log.epoch(past)
        raise Cancelled
    assert (tmp_path / "t.csv").read_text() == "earlier" and sorted(os.listdir(tmp_path)) == ["board", "t.csv"]
    assert events(tmp_path / "board" / "run_1" / "validation")  # what was logged can be looked at


def test_several_heads_have_their_names_before() -> None:
    told = figures(Measured(None, (CLASSES, TREE), np.empty(0)))
    assert told["kind/kappa"] == pytest.approx(0.5) and told["kind/recall/forest"] == 5 / 6
    assert (told["tree/rmse"], told["tree/rmse/height"], told["tree/r2/age"]) == (4.0, 2.0, 0.1)
    one = figures(Measured(None, (HEIGHT,), np.empty(0)))
    assert one == {"mae": 1.0, "rmse": 2.0}  # of a single measurement nothing is said twice; R² has no meaning
    assert row(epoch(1))["validation_loss"] is None and "kappa" not in row(epoch(1))


def test_tensorboard_can_read_every_figure_while_it_trains(tmp_path: Path) -> None:
    past = history()
    with EpochLog(past, "", str(tmp_path / "new" / "board")) as log:
        for number in (1, 2):
            past.epochs.append(epoch(number, CLASSES))
            past.best = past.epochs[0]
            log.epoch(past)
            run = tmp_path / "new" / "board" / "run_1"  # still open
            training, validation = events(run / "training"), events(run / "validation")
            assert training["loss", number] == np.float32(1 / number) and training["accuracy", number] == 0.5
            assert training["learning_rate", number] == np.float32(1e-3 / number)
            assert validation["loss", number] == 0.25 and validation["overall_accuracy", number] == 0.75
            assert validation["recall/forest", number] == np.float32(5 / 6)
            assert ("f1/never seen", number) not in validation
    width, height, png = validation["confusion", 1].tolist()
    assert tf.io.decode_png(png).shape[:2] == (int(height), int(width))
    assert ("confusion", 2) not in validation  # it was no better


def test_every_training_is_a_run_of_its_own(tmp_path: Path) -> None:
    for expected in ("run_1", "run_2"):
        with EpochLog(history(), "", str(tmp_path)) as log:
            log.epoch(history(epoch(1)))
        assert events(tmp_path / expected / "training")
    assert next_run(["run_2", "run_10", "runs", "run_x", "mine"]) == "run_11"


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="Cannot write"):
        EpochLog(history(), "", str(tmp_path / "file"))

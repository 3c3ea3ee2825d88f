"""What the curves of a training show, and that every chart can be drawn, of any data."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from core.metrics import Regression, ValueScores, score
from core.training.loop import Epoch
from core.training.measure import Measured, Result
from core.training.report.cloud import Cloud
from core.training.report.figures import clouds_picture, curves, panels_of

NOTHING = np.empty(0)
CLASSES = score(np.array([[5, 1], [2, 4]]), ("forest", "town"))
VALUES = Regression((ValueScores("height", 1.0, 2.0, 0.5, -0.1, 9), ValueScores("age", 3.0, 4.0, None, 0.2, 9)))


def found(*scores: object) -> Measured:
    return Measured(0.5, tuple(Result(f"head{place}", part) for place, part in enumerate(scores)), NOTHING)  # type: ignore[arg-type]


def test_the_panels_of_one_head_of_classes() -> None:
    loss, accuracy, rate = panels_of([Epoch(1, 2.0, 0.4, 1e-3, 1.0, found(CLASSES)), Epoch(2, 1.0, 0.6, 5e-4, 1.0, found(CLASSES))])
    assert [(line.label, line.values) for line in loss.lines] == [("training", (2.0, 1.0)), ("validation", (0.5, 0.5))]
    assert [line.label for line in accuracy.lines] == ["accuracy, training", "accuracy, validation", "F1, validation", "IoU, validation"]
    assert accuracy.lines[1].values == (0.75, 0.75)
    assert rate.lines[0].values == (1e-3, 5e-4)


def test_the_panels_of_two_heads_have_their_names() -> None:
    titles = [panel.title for panel in panels_of([Epoch(1, 2.0, 0.4, 1e-3, 1.0, found(CLASSES, VALUES))])]
    expected = "Loss", "Accuracy, head0", "Errors on the validation data, head1", "R² on the validation data, head1", "Learning rate"
    assert tuple(titles) == expected


def test_what_a_model_does_not_tell_has_no_panel() -> None:
    panels = panels_of([Epoch(1, None, None, 1e-3)])
    assert [panel.title for panel in panels] == ["Learning rate"]
    assert [panel.title for panel in panels_of([Epoch(1, 0.5, None, 1e-3)])] == ["Loss", "Learning rate"]  # measurements, no validation


def test_lines_differ_for_those_who_see_no_colours() -> None:
    _, accuracy, _ = panels_of([Epoch(1, 2.0, 0.4, 1e-3, 1.0, found(CLASSES))])
    of_validation = accuracy.lines[1:]
    assert len({line.dashes for line in of_validation}) == len(of_validation)


@pytest.mark.parametrize(
    "epochs",
    [
        [Epoch(1, 0.0, 1.0)],
        [Epoch(n, 10.0**-n, 0.5, 1e-3, 1.0, found(VALUES)) for n in range(1, 40)],  # on a logarithmic axis
        [Epoch(1, -3.0, None), Epoch(2, -4.0, None)],  # a loss of its own may be negative
        [Epoch(1, 1.0, 0.3, 0.1, 1.0, found(CLASSES, VALUES, CLASSES))],
    ],
)
def test_curves_of_any_training_can_be_drawn(epochs: list[Epoch]) -> None:
    picture = imread(io.BytesIO(curves(epochs, epochs[-1])))
    assert picture.shape[1] > 900 and picture[..., :3].std() > 0.02


@pytest.mark.parametrize("samples", [0, 1, 300, 50_000])
def test_clouds_of_few_and_of_many(samples: int) -> None:
    rng = np.random.default_rng(0)
    clouds = [Cloud(), Cloud()]
    for cloud in clouds:
        reference = rng.normal(1e6, 5, samples)
        cloud.feed(reference, reference + rng.normal(0, 1, samples))
    assert imread(io.BytesIO(clouds_picture(clouds, VALUES.values))).shape[1] > 900

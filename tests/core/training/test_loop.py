"""The loop: which epoch's weights are kept, when it ends, and that every epoch is its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.classes import make_classes
from core.errors import BadParameter
from core.jobs import Fitting
from core.metrics import Regression, ValueScores, score
from core.training import loop
from core.training.data.feed import Feed
from core.training.data.prepare import Data
from core.training.data.truth import Truth
from core.training.learner import Inferred, Totals
from core.training.loop import Epoch, History, Plan, fit
from core.training.measure import Measured, Result

CLASSES = make_classes([(1, "a"), (2, "b")])


class Samples:
    """Stands for patches on disk that are not asked: the feed holds them."""

    count, sources, shapes, dtypes = 12, 1, ((4, 4, 1), (1, 1, 1)), (np.dtype("float32"), np.dtype("uint8"))


class Learning:
    """A learner that only remembers what it is told."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.orders: list[list[int]] = []

    def train(self, batch: Any, rate: float) -> None:
        self.rates.append(rate)
        self.orders.append(batch.indices.tolist())

    def totals(self) -> Totals:
        return Totals(12.0, 6.0, 12.0)

    def infer(self, batch: Any) -> Inferred:
        return Inferred(0.0, [np.zeros(len(batch.indices), np.int32)])

    def weights(self) -> list[np.ndarray]:
        return [np.array(len(self.rates))]


@pytest.fixture
def data() -> Data:
    truth = Truth(CLASSES, np.array([[1, 2], [0, 1]]), None)
    labels = (np.arange(12, dtype=np.uint8) % 2 + 1).reshape(12, 1, 1, 1)
    pixels = np.random.default_rng(0).normal(size=(12, 4, 4, 1)).astype(np.float32)
    return Data(Feed(Samples(), [truth], [pixels, labels], 0), (), 12)  # type: ignore[arg-type]


def looked(accuracy: float, loss: float | None) -> Measured:
    right = round(1000 * accuracy)
    return Measured(loss, (Result("p", score(np.array([[right, 1000 - right], [0, 0]]), ["a", "b"])),), np.empty(0))


def run(data: Data, looks: list[Measured], monkeypatch: Any, reporter: Any, **settings: Any) -> tuple[History, Learning]:
    """Train with these findings of the validation, epoch by epoch."""
    findings = iter(looks)
    monkeypatch.setattr(loop, "measure", lambda *_: next(findings))
    learner, history = Learning(), History(settings.pop("monitor", "automatic"))
    fit(learner, data, data, Plan(Fitting(epochs=len(looks), batch_size=5, **settings)), reporter, history)  # type: ignore[arg-type]
    return history, learner


@pytest.mark.parametrize(
    ("looks", "monitor", "best"),
    [
        ([(0.5, 1.0), (0.9, 9.0), (0.2, 0.5)], "automatic", 2),  # accuracy decides
        ([(0.5, 1.0), (0.5, 0.8), (0.5, 0.9)], "automatic", 2),  # where it does not, the loss does
        ([(0.5, 1.0), (0.5, 1.0)], "automatic", 1),  # the first of equals
        ([(0.5, 1.0), (0.9, 9.0), (0.2, 0.5)], "loss", 3),
        ([(0.5, None), (0.9, None)], "automatic", 2),  # a model that tells no loss
    ],
)
def test_the_weights_of_the_best_epoch_are_kept(
    data: Data, monkeypatch: Any, reporter: Any, looks: list[tuple[float, float | None]], monitor: str, best: int
) -> None:
    history, _ = run(data, [looked(*look) for look in looks], monkeypatch, reporter, monitor=monitor)
    assert history.best is not None and history.best.number == best
    assert history.weights[0] == 3 * best  # three batches an epoch


def test_without_validation_the_training_loss_decides() -> None:
    assert Epoch(2, 0.5, 0.1).merit("automatic") > Epoch(1, 0.6, 0.9).merit("automatic")


def test_measurements_are_judged_by_their_error_and_several_heads_by_the_loss() -> None:
    def measured(rmse: float, loss: float, heads: int = 1) -> Epoch:
        values = Regression((ValueScores("height", rmse, rmse, 0.5, 0.0, 9),))
        return Epoch(1, 0.0, None, validation=Measured(loss, (Result("v", values),) * heads, np.empty(0)))

    assert measured(1.0, 9.0).merit("automatic") > measured(2.0, 1.0).merit("automatic")
    assert measured(1.0, 9.0, heads=2).merit("automatic") < measured(2.0, 1.0, heads=2).merit("automatic")


def test_what_cannot_be_monitored_is_told(data: Data, monkeypatch: Any, reporter: Any) -> None:
    with pytest.raises(BadParameter, match=r"overall_accuracy.*received rmse"):
        run(data, [looked(0.5, 1.0)] * 2, monkeypatch, reporter, monitor="rmse")


def test_it_ends_when_no_better_epoch_comes(data: Data, monkeypatch: Any, reporter: Any) -> None:
    history, _ = run(data, [looked(a, 1.0) for a in (0.5, 0.6, 0.4, 0.3, 0.9)], monkeypatch, reporter, patience=2)
    assert len(history.epochs) == 4 and history.best is not None and history.best.number == 2
    assert "No better epoch in 2" in reporter.texts


def test_the_rate_falls_at_plateaus(data: Data, monkeypatch: Any, reporter: Any) -> None:
    _, learner = run(data, [looked(0.5, 1.0)] * 6, monkeypatch, reporter, schedule="plateau", learning_rate=1.0)
    assert learner.rates[::3] == [1, 1, 1, 0.5, 0.5, 0.25]


def test_a_training_that_goes_on_shows_what_it_would_have_shown(data: Data, reporter: Any) -> None:
    whole, first, second = Learning(), Learning(), Learning()
    plan = Plan(Fitting(epochs=4, batch_size=5), seed=3)
    fit(whole, data, None, plan, reporter, History())  # type: ignore[arg-type]
    history = History()

    class Killed(Exception):
        pass

    class Stop:
        def epoch(self, told: History) -> None:
            if len(told.epochs) == 2:
                raise Killed

    with pytest.raises(Killed):
        fit(first, data, None, plan, reporter, history, [Stop()])  # type: ignore[arg-type]
    fit(second, data, None, plan, reporter, history)  # type: ignore[arg-type]
    assert first.orders + second.orders == whole.orders and first.rates + second.rates == whole.rates
    assert whole.orders[:3] != whole.orders[3:6]  # another order every epoch


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_it(data: Data, reporter: Any, loss: float, monkeypatch: Any) -> None:
    monkeypatch.setattr(Learning, "totals", lambda self: Totals(loss))
    with pytest.raises(BadParameter, match=r"diverged in epoch 1.*try 0.0001"):
        fit(Learning(), data, None, Plan(Fitting(epochs=2)), reporter, History())  # type: ignore[arg-type]

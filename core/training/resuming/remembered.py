"""The history of a training as plain values that JSON holds, and back: every figure of every epoch, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ...metrics import Regression, Scores, ValueScores, score
from ..loop import Epoch, History
from ..measure import Measured, Result


def to_plain(history: History) -> dict[str, Any]:
    """All but the weights of the best epoch. How right each sample was (Measured.right) is not kept either."""
    return {
        "monitor": history.monitor,
        "epochs": [_epoch_to_plain(epoch) for epoch in history.epochs],
        "best": history.best.number if history.best else 0,
        "drops": history.drops,
        "waited": history.waited,
    }


def from_plain(plain: Mapping[str, Any], weights: list[np.ndarray]) -> History:
    """What `to_plain` was given. `weights`: of the best epoch."""
    epochs = [_epoch(values) for values in plain["epochs"]]
    best = next((epoch for epoch in epochs if epoch.number == plain["best"]), None)
    return History(plain["monitor"], epochs, best, weights, plain["drops"], plain["waited"])


def _epoch_to_plain(epoch: Epoch) -> dict[str, Any]:
    validation = epoch.validation
    told = None if validation is None else {"loss": validation.loss, "results": [_result_to_plain(result) for result in validation.results]}
    return {**vars(epoch), "validation": told}


def _epoch(plain: Mapping[str, Any]) -> Epoch:
    told = plain["validation"]
    results = () if told is None else tuple(map(_result, told["results"]))
    return Epoch(**{**plain, "validation": None if told is None else Measured(told["loss"], results, np.empty(0, np.float32))})


def _result_to_plain(result: Result) -> dict[str, Any]:
    """A confusion matrix says all that scores of classes do."""
    scores = result.scores
    if isinstance(scores, Scores):
        matrix = np.column_stack([scores.matrix, *([scores.strangers] if scores.strangers else [])])
        told: dict[str, Any] = {"matrix": matrix.tolist(), "classes": [each.name for each in scores.classes]}
    else:
        told = {"values": [asdict(each) for each in scores.values]}
    return {"head": result.head, "map": result.map, **told}


def _result(plain: Mapping[str, Any]) -> Result:
    if "matrix" in plain:
        return Result(plain["head"], score(np.array(plain["matrix"], np.int64), plain["classes"]), plain["map"])
    return Result(plain["head"], Regression(tuple(ValueScores(**each) for each in plain["values"])), plain["map"])

"""Classifies the pixels of a block on all processor cores, in pieces short enough to be cancelled between."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

import numpy as np

PIECE_S = 0.3  # what one piece should take: a cancel waits for it
PROBE, LEAST, MOST = 64, 8192, 65536  # pixels of a piece: the first, and what its parts at the end of a block, and all, keep within
POLL_S = 0.1
OWN_THREADS = ("gbt", "knn", "mlp")  # these share the work of one call among all cores themselves
Answers = dict[str, np.ndarray]


class Predictor:
    """Scikit-learn's `predict_proba` on rows, several pieces at once: its loops leave Python's lock alone. Use as a context manager.

    Sharing pixels among the cores, not trees as a forest does by itself, suits all classifiers, and keeps what a piece adds up in the
    processor's cache.

    Args:
        kind: of classifier, as the job names it.
        codes: of the classes, in the order of the probabilities.
        wanted: of "class", "confidence", "probabilities", "uncertainty".
        progress: told what share of a block is done, several times a second; may raise, to cancel.
    """

    def __init__(self, pipeline: Any, kind: str, codes: np.ndarray, wanted: Collection[str], progress: Callable[[float], None]) -> None:
        self._codes, self._wanted, self._progress = codes, wanted, progress
        self._probabilities = sum_of_trees(pipeline) if kind == "rf" else pipeline.predict_proba
        self.threads = 1 if kind in OWN_THREADS else os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self.threads, "classify")
        self._rows = PROBE

    def __call__(self, features: np.ndarray) -> Answers:
        """What is wanted of pixels (pixels, features): (pixels, bands) each."""
        answers = self._empty(len(features))
        running: set[Future[float]] = set()
        first = 0
        try:
            while first < len(features) or running:
                while first < len(features) and len(running) < self.threads:
                    last = first + self._piece(len(features) - first)
                    running.add(self._pool.submit(self._answer, features, answers, first, last))
                    first = last
                done, running = wait(running, POLL_S, FIRST_COMPLETED)
                self._progress(first / len(features))
                for piece in done:
                    self._rows = min(max(round(PIECE_S / piece.result()), 1), MOST)
        finally:
            wait(running)
        return answers

    def _piece(self, left: int) -> int:
        """Pieces get smaller towards the end, so that all cores end at the same time."""
        return min(left, self._rows, max(-(-left // self.threads), LEAST))

    def _empty(self, count: int) -> Answers:
        bands = {"class": 1, "confidence": 1, "probabilities": len(self._codes), "uncertainty": 2}
        return {name: np.empty((count, bands[name]), self._codes.dtype if name == "class" else np.float32) for name in self._wanted}

    def _answer(self, features: np.ndarray, answers: Answers, first: int, last: int) -> float:
        """Answer the pixels from first to last; the seconds that one took."""
        start = time.perf_counter()
        probabilities = self._probabilities(features[first:last])
        for name, values in answers.items():
            values[first:last] = ANSWERS[name](probabilities, self._codes)
        return (time.perf_counter() - start) / (last - first)

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)


def sum_of_trees(pipeline: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A forest's `predict_proba`, to the last bit, without what scikit-learn does besides for every tree and call (a fifth of the time)."""
    before, trees = pipeline[:-1], [tree.tree_ for tree in pipeline[-1].estimators_]

    def probabilities(features: np.ndarray) -> np.ndarray:
        scaled = np.ascontiguousarray(before.transform(features) if len(before) else features, np.float32)
        total = trees[0].predict(scaled)
        for tree in trees[1:]:
            total += tree.predict(scaled)
        return total / len(trees)

    return probabilities


def winners(probabilities: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The code of the most probable class; of equal ones the first, as scikit-learn does."""
    won: np.ndarray = codes[probabilities.argmax(axis=1), np.newaxis]
    return won


def uncertainty(probabilities: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Entropy ÷ ln(classes): 0 where one class is sure, 1 where all are alike; and the margin, highest − second."""
    safe = np.where(probabilities > 0, probabilities, 1)
    entropy = -(probabilities * np.log(safe)).sum(axis=1) / np.log(probabilities.shape[1])
    ordered = np.partition(probabilities, -2, axis=1)
    return np.stack([entropy, ordered[:, -1] - ordered[:, -2]], axis=1)


ANSWERS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "class": winners,
    "confidence": lambda probabilities, codes: probabilities.max(axis=1, keepdims=True),
    "probabilities": lambda probabilities, codes: probabilities,
    "uncertainty": uncertainty,
}

"""From samples to a trained and judged classifier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from ..classes import LandClass
from ..errors import BadTruth
from ..jobs import TrainClassifier
from ..metrics import Scores
from ..reporting import Reporter
from . import judging
from .judging import Importance
from .learners import NAMES, learner, with_probabilities
from .truth import Table

KNOWN_TO_THE_MODEL = (
    "If the model learnt from these samples, its features know them already, and the figures are too good: give validation samples that "
    "neither has seen."
)


@dataclass(frozen=True)
class Outcome:
    """What training gave.

    Attributes:
        scores: None where nothing could be judged.
        judged: by what, in words.
        best: what the grid search chose; empty without one.
        counts: training samples of each class.
    """

    pipeline: Pipeline
    scores: Scores | None
    judged: str
    importance: Importance | None
    best: dict[str, Any]
    counts: tuple[int, ...]
    rejected: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """Samples to learn from: `label`, for each the index of its class; `validation`, samples to be judged by, or None."""

    job: TrainClassifier
    table: Table
    label: np.ndarray
    classes: tuple[LandClass, ...]
    validation: Table | None
    reporter: Reporter

    def learn(self) -> Outcome:
        """Search the grid if wanted, train on all samples, judge.

        Raises:
            BadTruth: too few samples for this classifier, or no validation sample that can be used.
        """
        features, label = self.table.features, self.label
        self.reporter.info(f"{len(label)} samples of {len(self.classes)} classes, {features.shape[1]} features.")
        pipeline, parts = learner(self.job.learning, self.job.seed, *features.shape), self._parts()
        best = self._searched(pipeline, parts) if self.job.grid_search else {}
        self.reporter.check()
        self.reporter.phase(f"Training: {NAMES[self.job.learning.classifier]}")
        trained = self._fitted(with_probabilities(pipeline, label))
        self.reporter.check()
        if self.validation is not None:
            scores, weighed = self._validated(trained, self.validation)
            judged = f"{len(self.validation)} validation samples"
        else:
            (told, judged), weighed = self._told(pipeline, trained, parts), judging.importance(trained, features, label, self.job.seed)
            scores = judging.scores(label, told, [c.name for c in self.classes])
        self._say(scores, judged)
        counts = tuple(np.bincount(label, minlength=len(self.classes)).tolist())
        return Outcome(trained, scores, judged, weighed, best, counts, self.table.rejected)

    def _parts(self) -> judging.Folds:
        """Of the cross-validation; none where nothing needs one. A forest's own trees judge it, unless squares are to stay together."""
        job = self.job
        if not job.grid_search and (self.validation is not None or (job.learning.classifier == "rf" and not job.spatial_block)):
            return ()
        squares = judging.groups(self.table.x, self.table.y, job.spatial_block) if job.spatial_block else None
        return judging.folds(self.label, squares, job.folds, job.seed)

    def _searched(self, pipeline: Pipeline, parts: judging.Folds) -> dict[str, Any]:
        """Gives the pipeline the best parameters of the grid; these, by scikit-learn's names."""
        self.reporter.phase("Searching for the best parameters")
        found = judging.search(pipeline, self.table.features, self.label, self.job.learning, parts)
        pipeline.set_params(**found.best_params_)
        best = {name.rpartition("__")[2]: value for name, value in found.best_params_.items()}
        self.reporter.info(f"Best: {', '.join(f'{name} {value}' for name, value in best.items())}; F1 {found.best_score_:.3f}.")
        return best

    def _fitted(self, pipeline: Pipeline) -> Pipeline:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            pipeline.fit(self.table.features, self.label, **judging.weights(self.label, self.job.learning))
        if any(issubclass(warning.category, ConvergenceWarning) for warning in told):
            self.reporter.warn(
                "The classifier had not settled when its iterations ended: more of them, or standardised features, may help."
            )
        return pipeline

    def _told(self, pipeline: Pipeline, trained: Pipeline, parts: judging.Folds) -> tuple[np.ndarray, str]:
        """What each training sample is told by classifiers that have not seen it, and how, in words."""
        if not parts:
            return judging.out_of_bag(trained), "each sample by the trees that have not seen it (out of bag)"
        squares = f", by squares of {self.job.spatial_block:g} map units" if self.job.spatial_block else ""
        judged = f"cross-validation in {len(parts)} parts{squares}"
        self.reporter.phase(f"Judging by {judged}")
        progress = self.reporter.progress
        return judging.cross_predicted(pipeline, self.table.features, self.label, self.job.learning, parts, progress), judged

    def _validated(self, trained: Pipeline, validation: Table) -> tuple[Scores | None, Importance | None]:
        if not len(validation):
            received = "; ".join(validation.rejected) or "none"
            raise BadTruth("Validation samples", expected="at least one that can be used", received=received)
        names, reference = self._references(validation, [c.name for c in self.classes])
        told = trained.predict_proba(validation.features).argmax(axis=1)
        return judging.scores(reference, told, names), judging.importance(trained, validation.features, reference, self.job.seed)

    def _references(self, validation: Table, names: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """All classes, those first that were trained, and the index of each validation sample's. What was not trained counts as wrong."""
        strangers = sorted({str(validation.labels[i]) for i in np.unique(validation.label)} - set(names))
        if strangers:
            self.reporter.warn(f"Validation samples of classes without training samples count as wrong: {', '.join(strangers)}.")
        every = [*names, *strangers]
        place = {name: index for index, name in enumerate(every)}
        index = np.array([place.get(str(label), -1) for label in validation.labels])
        return every, index[validation.label]

    def _say(self, scores: Scores | None, judged: str) -> None:
        if scores is None:
            return self.reporter.warn("The classifier could not be judged: too few samples.")
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in scores.numbers().items())
        self.reporter.info(f"Judged by {judged}: {figures}.")
        if self.job.model and self.validation is None:
            self.reporter.warn(KNOWN_TO_THE_MODEL)

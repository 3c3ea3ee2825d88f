"""The job trainclassifier: a classifier on the features of samples."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
import skops
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from ..classes import LandClass, make_classes
from ..errors import BadParameter, BadTruth
from ..jobs import Product, ServeModel, TrainClassifier
from ..raster.source import Source
from ..reporting import Reporter
from ..sampling.codes import code_table
from ..sampling.truth import Label
from ..training.metrics import Scores
from . import judging
from .archive import write_classifier
from .contract import ClassifierContract, ModelRef, describe_source, fingerprint
from .judging import Importance
from .learners import NAMES, UNWEIGHTED, learner, with_probabilities
from .opening import Opened, open_features
from .recipe import Recipe, parse_indices
from .truth import Table, read_table

FEW = 2  # classes


@dataclass(frozen=True)
class Outcome:
    """What training gave, for the report.

    Attributes:
        scores: None where nothing could be judged.
        judged: by what, in words.
        best: what the grid search chose; empty without one.
        counts: training samples of each class.
    """

    contract: ClassifierContract
    scores: Scores | None
    judged: str
    importance: Importance | None
    best: dict[str, Any]
    counts: tuple[int, ...]
    rejected: tuple[str, ...]


def run(job: TrainClassifier, reporter: Reporter) -> dict[str, Any]:
    """Train; outputs: OUTPUT, OUTPUT_HTML if wanted, SAMPLES, FEATURES, CLASSES, and OVERALL_ACCURACY, KAPPA, F1 if it can be judged."""
    _check(job, reporter)
    with contextlib.ExitStack() as exits:
        opened = open_features(_serving(job), lambda sources: _recipe(job, sources, reporter), exits, reporter)
        reporter.phase("Reading the features of the samples")
        table = read_table(job.samples, job.samples_layer, job.field, opened, reporter)
        classes, label = _classes(table)
        validation = read_table(job.validation, job.validation_layer, job.field, opened, reporter) if job.validation else None
        contract = _contract(job, opened, classes)
    pipeline, outcome = _train(job, table, classes, label, validation, contract, reporter)
    write_classifier(job.output, pipeline, contract)
    if job.output_html:
        from .report import write_report

        write_report(job, outcome)
    return _outputs(job, outcome, len(table))


def _check(job: TrainClassifier, reporter: Reporter) -> None:
    if not job.output.lower().endswith(".skops"):
        raise BadParameter("Classifier", expected="a file name that ends in .skops", received=job.output or "none")
    if not job.samples or not job.field:
        raise BadParameter("Samples", expected="points, and the field that holds their class", received=job.field or "no field")
    if job.learning.balance_classes and job.learning.classifier in UNWEIGHTED:
        reporter.warn(f"{NAMES[job.learning.classifier]} cannot balance classes: every sample counts alike.")


def _serving(job: TrainClassifier) -> ServeModel:
    """The images and the model, as serving takes them."""
    return ServeModel(
        job.sources,
        job.model,
        products=(Product("", job.features or _usual_output(job.model)),),
        nodata_rule=job.nodata_rule,
        resample=job.resample,
        signature=job.signature,
        placeholders=job.placeholders,
        trust=job.trust,
    )


def _usual_output(model: str) -> tuple[str, ...]:
    """The deep features, by their kind, if the model has any; else its main output."""
    from ..model import contract as contracts

    contract = contracts.read(model) if model else None
    return ("features",) if contract and any(output.kind == "features" for output in contract.outputs) else ()


def _recipe(job: TrainClassifier, sources: Sequence[Source], reporter: Reporter) -> Recipe:
    """Bands of transparency are no features: where they are 0, there is no data. (A model has chosen already.)"""
    for number, source in enumerate(sources, start=1):
        if not job.model and source.transparent and source.count > len(source.transparent):
            reporter.info(f"Source {number}: {', '.join(source.transparent)} is transparency, not a band: where it is 0, there is no data.")
            source.hide_transparent()
    names = [name for source in sources for name in source.band_names]
    return Recipe(tuple(source.count for source in sources), job.use_bands, job.neighbourhood, parse_indices(job.indices, names))


def _classes(table: Table) -> tuple[tuple[LandClass, ...], np.ndarray]:
    """The classes in the order of their codes, and for each sample the index of its own.

    Raises:
        BadTruth: fewer than two classes.
    """
    present = [table.labels[i] for i in np.unique(table.label)]
    if len(present) < FEW:
        raise BadTruth(
            "The samples that can be used",
            expected="at least 2 classes",
            received=f"only {present[0]}" if present else "no sample at all",
            remedy=f"Left out: {'; '.join(table.rejected)}." if table.rejected else "Give samples of other classes too.",
        )
    codes = sorted(code_table(present).items(), key=lambda item: item[1])
    place = {label: index for index, (label, _) in enumerate(codes)}
    index = np.array([place.get(label, -1) for label in table.labels])
    return make_classes((code, str(label)) for label, code in codes), index[table.label]


def _contract(job: TrainClassifier, opened: Opened, classes: tuple[LandClass, ...]) -> ClassifierContract:
    sources = tuple(describe_source(i, source, opened.recipe.side) for i, source in enumerate(opened.sources, start=1))
    deep = opened.deep
    model = ModelRef(job.model, fingerprint(job.model), deep.setup.wanted, job.signature, job.placeholders) if deep else None
    names = opened.recipe.names([spec.bands for spec in sources]) + (deep.names() if deep else ())
    libraries = {"scikit-learn": sklearn.__version__, "skops": skops.__version__}
    return ClassifierContract(job.learning.classifier, sources, opened.recipe, model, names, classes, libraries)


def _train(
    job: TrainClassifier,
    table: Table,
    classes: tuple[LandClass, ...],
    label: np.ndarray,
    validation: Table | None,
    contract: ClassifierContract,
    reporter: Reporter,
) -> tuple[Pipeline, Outcome]:
    reporter.info(f"{len(table)} samples of {len(classes)} classes, {table.features.shape[1]} features.")
    pipeline = learner(job.learning, job.seed, *table.features.shape)
    squares = judging.groups(table.x, table.y, job.spatial_block) if job.spatial_block else None
    by_bag = job.learning.classifier == "rf" and squares is None
    parts = judging.folds(label, squares, job.folds, job.seed) if job.grid_search or not (validation or by_bag) else ()
    best: dict[str, Any] = {}
    if job.grid_search:
        reporter.phase("Searching the grid")
        found = judging.search(pipeline, table.features, label, job.learning, parts)
        best = {name.rpartition("__")[2]: value for name, value in found.best_params_.items()}
        pipeline.set_params(**found.best_params_)
        reporter.info(f"Best of the grid: {', '.join(f'{name} {value}' for name, value in best.items())}; F1 {found.best_score_:.3f}.")
    reporter.check()
    reporter.phase(f"Training: {NAMES[job.learning.classifier]}")
    trained = _fitted(with_probabilities(pipeline, label), table.features, label, job, reporter)
    reporter.check()
    judged, scores = _judge(job, pipeline, trained, table, label, classes, validation, parts, reporter)
    weighed = judging.importance(trained, table.features, label, job.seed)
    counts = tuple(np.bincount(label, minlength=len(classes)).tolist())
    return trained, Outcome(contract, scores, judged, weighed, best, counts, table.rejected)


def _fitted(pipeline: Pipeline, features: np.ndarray, label: np.ndarray, job: TrainClassifier, reporter: Reporter) -> Pipeline:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pipeline.fit(features, label, **judging.weights(label, job.learning))
    if any(issubclass(warning.category, ConvergenceWarning) for warning in told):
        reporter.warn("The classifier had not settled when its iterations ended: more iterations, or standardised features, may help.")
    return pipeline


def _judge(
    job: TrainClassifier,
    pipeline: Pipeline,
    trained: Pipeline,
    table: Table,
    label: np.ndarray,
    classes: tuple[LandClass, ...],
    validation: Table | None,
    parts: judging.Folds,
    reporter: Reporter,
) -> tuple[str, Scores | None]:
    names = [c.name for c in classes]
    if validation is not None:
        if not len(validation):
            raise BadTruth(
                "Validation samples", expected="at least one that can be used", received="; ".join(validation.rejected) or "none"
            )
        names, reference = _validated(validation, names, reporter)
        told, judged = trained.predict_proba(validation.features).argmax(axis=1), f"{len(validation)} validation samples"
    elif not parts:
        reference, told, judged = label, judging.out_of_bag(trained), "each sample by the trees that have not seen it (out of bag)"
    else:
        where = f", by squares of {job.spatial_block:g} map units" if job.spatial_block else ""
        judged = f"cross-validation in {len(parts)} parts{where}"
        reporter.phase(f"Judging by {judged}")
        reference, told = label, judging.cross_predicted(pipeline, table.features, label, job.learning, parts, reporter.progress)
    scores = judging.scores(reference, told, names)
    if scores is None:
        reporter.warn("The classifier could not be judged: too few samples.")
    else:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in scores.numbers().items())
        reporter.info(f"Judged by {judged}: {figures}.")
    return judged, scores


def _validated(validation: Table, names: Sequence[str], reporter: Reporter) -> tuple[list[str], np.ndarray]:
    """All classes, those first that were trained, and the index of each validation sample's. What was not trained counts as wrong."""
    present: list[Label] = [validation.labels[i] for i in np.unique(validation.label)]
    strangers = sorted({str(label) for label in present} - set(names))
    if strangers:
        reporter.warn(f"Validation samples of classes without training samples count as wrong: {', '.join(strangers)}.")
    every = [*names, *strangers]
    place = {name: index for index, name in enumerate(every)}
    index = np.array([place.get(str(label), -1) for label in validation.labels])
    return every, index[validation.label]


def _outputs(job: TrainClassifier, outcome: Outcome, samples: int) -> dict[str, Any]:
    outputs: dict[str, Any] = {"OUTPUT": job.output} | ({"OUTPUT_HTML": job.output_html} if job.output_html else {})
    if outcome.scores:
        numbers = outcome.scores.numbers()
        outputs |= {name.upper(): numbers[name] for name in ("overall_accuracy", "kappa", "f1")}
    return outputs | {"SAMPLES": samples, "FEATURES": len(outcome.contract.features), "CLASSES": len(outcome.contract.classes)}

"""The job trainclassifier: a classifier on the features of samples."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import sklearn
import skops

from ..classes import LandClass, make_classes
from ..errors import BadParameter, BadTruth
from ..jobs import Product, ServeModel, TrainClassifier
from ..raster.source import Source
from ..reporting import Reporter
from ..sampling.codes import code_table
from .archive import write_classifier
from .contract import ClassifierContract, ModelRef, describe_source, fingerprint
from .learners import NAMES, UNWEIGHTED
from .lesson import Lesson, Outcome
from .opening import Opened, open_features
from .recipe import Recipe, parse_indices
from .truth import Table, read_table

FEW = 2  # classes


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
    outcome = Lesson(job, table, label, classes, validation, reporter).learn()
    write_classifier(job.output, outcome.pipeline, contract)
    if job.output_html:
        from .report import write_report

        write_report(job, contract, outcome)
    return _outputs(job, contract, outcome)


def _check(job: TrainClassifier, reporter: Reporter) -> None:
    if not job.output.lower().endswith(".skops"):
        raise BadParameter("Classifier", expected="a file name that ends in .skops", received=job.output or "none")
    if not job.samples or not job.field:
        raise BadParameter("Samples", expected="points, and the field that holds their class", received=job.field or "no field")
    if job.features and not job.model:
        raise BadParameter("Outputs of the model", expected="a model that gives them", received=f"{', '.join(job.features)}, and no model")
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


def _outputs(job: TrainClassifier, contract: ClassifierContract, outcome: Outcome) -> dict[str, Any]:
    outputs: dict[str, Any] = {"OUTPUT": job.output} | ({"OUTPUT_HTML": job.output_html} if job.output_html else {})
    if outcome.scores:
        numbers = outcome.scores.numbers()
        outputs |= {name.upper(): numbers[name] for name in ("overall_accuracy", "kappa", "f1")}
    return outputs | {"SAMPLES": sum(outcome.counts), "FEATURES": len(contract.features), "CLASSES": len(contract.classes)}

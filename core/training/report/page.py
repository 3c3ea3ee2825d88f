"""The training report: one HTML page that can be shown to others, with all that is needed to judge the model and to make it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from ...jobs import TrainModel, to_dict
from ...model.contract import Contract
from ...page import Cell, picture, section, table, to_repeat, write_page
from ...reporting import format_duration
from ..data.prepare import Data, Prepared
from ..learner import Learner
from ..loop import History
from ..measure import Measured
from .examples import Album
from .figures import curves
from .heads import example_sections, head_sections, headline
from .layers import Layer, layers_of
from .sections import count, describe_input, machine_section, settings_section
from .settings import files

_OPEN = 25  # layers of a network whose table is shown unfolded


@dataclass(frozen=True)
class Facts:
    """What the report tells.

    Attributes:
        parameters: numbers in the model.
        measured: on the validation data, or on the training data where there are none; with what was seen of each sample.
        network: the Keras network; None of a model that is none.
        frozen: names of its layers that did not learn.
    """

    job: TrainModel
    contract: Contract
    parameters: int
    history: History
    measured: Measured
    data: Prepared
    network: Any = None
    frozen: tuple[str, ...] = ()

    @property
    def told(self) -> Data:
        """The data that the scores are of."""
        return self.data.validation or self.data.training


def write(facts: Facts, learner: Learner, check: Callable[[], None]) -> None:
    """Write the page to the job's `output_html`.

    Args:
        learner: answers to the samples that are shown.
        check: called between the parts, as drawing takes some seconds; raises to stop.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    parts = []
    for part in _parts(facts, learner):
        check()
        parts.append(part)
    write_page(facts.job.output_html, f"Training of {facts.contract.name}", *parts)


def _parts(facts: Facts, learner: Learner) -> Iterator[str]:
    yield f'<p class="lead">{escape(_summary(facts))}</p>\n'
    if facts.data.validation is None:
        yield '<p class="warning">No validation data were given: the scores are those of the training data.</p>\n'
    yield from _scores(facts)
    if facts.history.epochs:
        yield section("Epochs", picture(curves(facts.history.epochs, facts.history.best), "Curves over the epochs"))
    yield from _heads(facts)
    yield from _examples(facts, learner)
    yield section("Model", table(_model(facts)), *_layers(facts))
    yield settings_section(facts.job)
    yield section("Data", table(files(facts.job)))
    yield machine_section()
    yield section("To train it again", to_repeat(to_dict(facts.job)))


def _summary(facts: Facts) -> str:
    heads = ", ".join(
        f"{len(goal.classes)} classes" if goal.classes else count(len(goal.names), "measurement") for goal in facts.told.goals
    )
    held_out = f"measured on {facts.told.feed.count:,} validation samples" if facts.data.validation else "measured on the same"
    epochs = facts.history.epochs
    spent = f"{count(len(epochs), 'epoch')} in {format_duration(sum(epoch.seconds for epoch in epochs))}"
    return f"{facts.data.training.feed.count:,} training samples, {heads}, {held_out}. {spent}."


def _scores(facts: Facts) -> Iterator[str]:
    best, results = facts.history.best, facts.measured.results
    told: list[tuple[str, Cell]] = [("Epoch whose weights were kept", f"{best.number} of {len(facts.history.epochs)}" if best else "none")]
    if facts.measured.loss is not None:
        told.append(("Loss", facts.measured.loss))
    if len(results) == 1:
        yield table([*headline(results[0]), *told])
        return
    for result in results:
        yield f"<h3>{escape(result.head)}</h3>\n" + table(headline(result))
    yield table(told)


def _heads(facts: Facts) -> Iterator[str]:
    data, results = "validation" if facts.data.validation else "training", facts.measured.results
    clouds = facts.measured.seen.clouds if facts.measured.seen else ((),) * len(results)
    for result, goal, seen in zip(results, facts.told.goals, clouds, strict=True):
        yield from head_sections(result, goal, seen, data, len(results) > 1)


def _examples(facts: Facts, learner: Learner) -> Iterator[str]:
    if facts.measured.seen is None:
        return
    album = Album(learner, facts.told, facts.contract.inputs[0].bands, facts.measured.right)
    yield from example_sections(album, facts.measured.seen.labels, float(facts.contract.scale_factor))


def _model(facts: Facts) -> list[tuple[str, Cell]]:
    contract = facts.contract
    (width, height), (across, down) = contract.expression_field, contract.margin
    margin = (
        [("Margin", f"{across} × {down} output pixels on every side, spoilt by padding: served with as many more, and cut")]
        if any(contract.margin)
        else []
    )
    return [
        ("Architecture", contract.architecture or "unknown"),
        ("Parameters", facts.parameters),
        *((f"Input {spec.name}", describe_input(spec)) for spec in contract.inputs),
        ("Outputs", ", ".join(f"{spec.name} ({spec.kind})" for spec in contract.outputs)),
        ("Expression field", f"{width} × {height} output pixels"),
        ("Scale factor", str(contract.scale_factor)),
        *margin,
        ("Mode", "fully convolutional: blocks of any size" if contract.fully_convolutional else "patch-based"),
    ]


def _layers(facts: Facts) -> Iterator[str]:
    if facts.network is None:
        return
    layers = layers_of(facts.network, facts.frozen)
    totals = f"{count(facts.parameters, 'parameter')}, {sum(layer.learns for layer in layers):,} of them learnt in this training."
    frozen = f" Frozen: {', '.join(facts.frozen)}." if facts.frozen else ""
    rows = [_layer(layer) for layer in layers]
    told = table(rows, ("Layer", "Kind", "Output shape", "Parameters", "Learnt"))
    yield f"<p>{escape(totals + frozen)}</p>\n"
    yield f"<details{' open' if len(layers) <= _OPEN else ''}><summary>{count(len(layers), 'layer')}</summary>{told}</details>\n"


def _layer(layer: Layer) -> tuple[Cell, ...]:
    return layer.name, layer.kind, layer.shape, layer.parameters, layer.learns

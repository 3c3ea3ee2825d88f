"""A SavedModel that brings its own training operation, as the training loop sees it: as OTBTF trains, with our feed, scores and report.

Its labels are fed as they are on disk: class codes, which such models take for the index of the class in what they compute.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ... import jobs
from ...errors import BadModel
from ...model.contract import GRAPH, Contract, InputSpec, OutputSpec, class_output
from ...model.heads import CLASSES, LINEAR, SIGMOID, SOFTMAX, VALUES, Head
from ...partial import replacing_folder
from ...reporting import Reporter
from ..data.feed import Batch
from ..data.patches import Patches
from ..data.prepare import Asked, Goal, Prepared
from ..data.truth import UNKNOWN
from ..learner import Inferred, Totals
from .calls import GraphWish
from .learner import GraphLearner

_UNUSED = ("optimizer", "loss", "loss_weights", "balance_classes", "accumulation", "precision")  # of a fitting: the graph has its own


@dataclass(frozen=True)
class Taken:
    """An input of the graph, as patches are held to it: `shape` is (samples, rows, cols, bands), None where any size will do."""

    name: str
    shape: tuple[int | None, ...]


class GraphTrainee:
    """Of a job with target nodes. `exits` frees it.

    Attributes:
        inputs: those that take images.
        heads: how many truths it is given.
        network, frozen: it has no Keras network, and no layers to freeze.
    """

    network: Any = None
    frozen: tuple[str, ...] = ()

    def __init__(self, job: jobs.TrainModel, exits: contextlib.ExitStack, reporter: Reporter) -> None:
        given = job.graph
        wish = GraphWish(
            given.target_nodes,
            labels=_names(given.label_placeholder),
            outputs=_names(given.predictions)[:1],
            loss=given.loss_node,
            placeholders=given.placeholders,
            validation_placeholders=given.validation_placeholders,
            trust=given.trust,
        )
        self._job, self._graph = job, exits.enter_context(GraphLearner(job.model, wish))
        self.inputs = tuple(Taken(tensor.name, _open(tensor.shape)) for tensor in self._graph.sources)
        self.heads = len(self._graph.labels)
        if self.heads != 1:
            raise BadModel("Labels of the model", expected="one input", received=self.heads)
        reporter.info(
            "The model trains by its own operation: its learning rate and optimizer are its own, set by USER_PLACEHOLDERS. "
            f"The truth is compared with its output {self._graph.outputs[0].name}."
        )
        _tell_unused(job, reporter)

    def asked(self, patches: Patches) -> list[Asked]:
        """Its one head, and how large its answer is for these patches: tried with one of zeros."""
        output = self._graph.outputs[0]
        answer = self._graph.predict([np.zeros((1, *shape), np.float32) for shape in patches.shapes[: patches.sources]])[0]
        scores = output.kind != "codes" and answer.ndim in (2, 4)
        channels, size = (answer.shape[-1], answer.shape[1:-1]) if scores else (1, answer.shape[1:3])
        ending = {"probabilities": SIGMOID if channels == 1 else SOFTMAX}.get(output.kind, LINEAR)
        head = Head(output.name, VALUES if output.kind == "values" else CLASSES, channels, ending)
        return [Asked(head, output.kind != "values", None if size in ((), (1,), (1, 1)) else (size[0], size[1]), any_classes=True)]

    def learner(self, data: Prepared, reporter: Reporter) -> GraphTeaching:
        """What trains it on these data."""
        self._graph.check_batches(data.training.feed.count, self._job.fitting.batch_size)
        return GraphTeaching(self._graph, data.training.goals[0], self._job.ignore)

    def write(self, path: str, data: Prepared, check: Any) -> None:
        """The SavedModel with its new variables: the same graph, signatures and target nodes."""
        with replacing_folder(path, marker=GRAPH) as temporary:
            self._graph.write(temporary)
            check()

    def contract(self, path: str, data: Prepared) -> Contract:
        """What the report tells of it; not written, as its graph tells what serving has to know."""
        goal = data.training.goals[0]
        name = goal.head.name
        output = class_output(name, goal.classes) if goal.classes else OutputSpec(name, "values", goal.names, "float32")
        inputs = tuple(
            InputSpec(taken.name, told.bands, bands, "float32", (cols, rows), told.spacing)
            for taken, told, (rows, cols, bands) in zip(self.inputs, data.origins, data.shapes, strict=True)
        )
        return Contract(os.path.basename(os.path.normpath(path)), inputs, (output,))

    @property
    def parameters(self) -> int:
        """Numbers in its variables, the optimizer's memory among them."""
        return sum(array.size for array in self._graph.state().values())


class GraphTeaching:
    """A Learner: between the classes' indices, which the loop works with, and the codes that the graph knows.

    Args:
        ignore: what is fed where the truth is not known.
    """

    def __init__(self, graph: GraphLearner, goal: Goal, ignore: int | None) -> None:
        self._graph, self._goal, self._ignore = graph, goal, 0 if ignore is None else ignore
        self._codes = np.array([c.code for c in goal.classes], np.int64)
        self._right = self._known = 0.0

    def train(self, batch: Batch, rate: float) -> None:
        """One step. The learning rate is the graph's own."""
        self._graph.train(batch.sources, [self._fed(batch.targets[0])])

    def totals(self) -> Totals:
        return Totals(self._graph.totals())

    def infer(self, batch: Batch) -> Inferred:
        target, answer = batch.targets[0], self._graph.predict(batch.sources)[0]
        return Inferred(None, [self._indices(answer).reshape(target.shape) if self._goal.classes else answer.reshape(target.shape)])

    def weights(self) -> list[np.ndarray]:
        return [array for _, array in sorted(self._graph.state().items())]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        self._graph.restore(dict(zip(sorted(self._graph.state()), weights, strict=True)))

    def state(self) -> dict[str, np.ndarray]:
        return self._graph.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._graph.restore(dict(state))

    def _fed(self, target: np.ndarray) -> np.ndarray:
        return np.where(target == UNKNOWN, self._ignore, self._codes[target]) if self._goal.classes else target

    def _indices(self, answer: np.ndarray) -> np.ndarray:
        """The answer, codes or the scores of all codes from 0 on, as indices of classes; −1 for a code that is none of them."""
        codes = answer if answer.dtype.kind in "biu" else answer[..., 0] > 0.5 if self._goal.head.channels == 1 else answer.argmax(axis=-1)
        places = np.searchsorted(self._codes, codes)
        found = np.minimum(places, len(self._codes) - 1)
        return np.where(self._codes[found] == codes, found, UNKNOWN).astype(np.int32)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _open(shape: Sequence[int] | None) -> tuple[int | None, ...]:
    return (None,) * 4 if shape is None else tuple(None if size < 0 else size for size in shape)


def _tell_unused(job: jobs.TrainModel, reporter: Reporter) -> None:
    usual = jobs.Fitting()
    changed = [f.name.upper() for f in fields(usual) if f.name in _UNUSED and getattr(job.fitting, f.name) != getattr(usual, f.name)]
    changed += [name for name, given in (("FREEZE", job.freeze), ("REPLACE_HEAD", job.replace_head)) if given]
    if changed:
        reporter.warn(f"Not used, as the model has its own: {', '.join(changed)}.")

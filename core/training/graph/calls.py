"""What is fed to a SavedModel that trains itself, and what is fetched from it: decided from its graph alone, before it is loaded.

Two calls: one that trains and one that predicts. Each takes what its operations depend on; the sources are those inputs of the prediction
that take images, the labels are what the training needs besides. So a graph of TensorFlow 1, where both calls share their placeholders,
and one of TensorFlow 2, with a signature for each, are read alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadModel, BadParameter
from ...model.loading.constants import listed
from ...model.loading.dependencies import Dependencies
from ...model.loading.placeholders import parse
from ...model.loading.savedmodel import Tensor
from ...model.loading.signature import Chosen, choose
from .inputs import GraphInputs, aliases, named
from .loss import find_loss
from .targets import find_targets


@dataclass(frozen=True)
class GraphWish:
    """What of a SavedModel is trained, and with what, where it leaves a choice. Names are those of its signature or of its graph, with or
    without ":0".

    Attributes:
        targets: operations that train, with commas between: "optimizer, update".
        sources: inputs that take images, in order; empty: judged by their types and ranks.
        labels: inputs that take the labels, in the order of the targets' files; empty: the only one that is left.
        outputs: what is predicted; empty: the first one that gives class codes (whole numbers), else the first.
        loss: what is fetched as the loss of a batch; empty: what is called `loss` or `cost`, or the only one of TensorFlow 1's losses.
        placeholders: values of the other inputs while it trains (core/model/loading/placeholders.py).
        validation_placeholders: the same while it predicts. Not those of the training: `is_training=true` has to end there.
        signature: the one that is served; empty: `serving_default`, or the only one.
        trust: load it even if it could do harm.
    """

    targets: str
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    loss: str = ""
    placeholders: str = ""
    validation_placeholders: str = ""
    signature: str = ""
    trust: bool = False


@dataclass(frozen=True)
class Call:
    """One way to run the graph.

    Attributes:
        sources, labels: inputs, in the order in which arrays are given.
        constants: what other inputs are fed each time, by tensor.
        fetches: operations to run, or tensors to get.
    """

    sources: tuple[Tensor, ...]
    labels: tuple[Tensor, ...]
    constants: Mapping[str, np.ndarray]
    fetches: tuple[str, ...]

    @property
    def batch_size(self) -> int | None:
        """The only number of samples that the inputs take; None where any is taken."""
        sizes = [tensor.shape[0] for tensor in (*self.sources, *self.labels) if tensor.shape]
        return next((size for size in sizes if size > 0), None)


@dataclass(frozen=True)
class Calls:
    """How a SavedModel is trained and asked. `loss`: a tensor, empty for none. `outputs`: names of what the prediction fetches."""

    graph: Any
    tags: list[str]
    training: Call
    prediction: Call
    outputs: tuple[str, ...]
    loss: str


def plan_calls(model: Any, folder: str, wish: GraphWish) -> Calls:
    """Decide.

    Args:
        model: the SavedModel, a protocol buffer.

    Raises:
        BadParameter: a name that is not there, a value that is missing or does not suit.
        BadModel: no inputs for images, or no single one for labels.
    """
    values, later = parse(wish.placeholders), parse(wish.validation_placeholders)
    chosen = choose(model, folder, wish.signature, (), {*values, *later, *wish.labels})
    inputs, targets = GraphInputs(chosen), find_targets(chosen.graph, wish.targets)
    inputs.check_values({**values, **later})
    outputs = _outputs(chosen, inputs.reach, wish.outputs)
    fetched = tuple(tensor.tensor for tensor in outputs)
    asked, trained = inputs.of(fetched), inputs.of(targets)
    sources = tuple(named(name, asked, "Source inputs") for name in wish.sources) or chosen.sources
    fed = tuple(_same(source, trained) for source in sources)
    labels = tuple(named(name, trained, "Label inputs") for name in wish.labels) or (_label(trained, fed, values),)
    training = Call(fed, labels, inputs.constants(trained, (*fed, *labels), values, "training"), targets)
    prediction = Call(sources, (), inputs.constants(asked, sources, later, "prediction"), fetched)
    loss = find_loss(chosen, wish.targets, wish.loss, inputs, trained)
    return Calls(chosen.graph, chosen.tags, training, prediction, tuple(tensor.name for tensor in outputs), loss)


def _same(source: Tensor, trained: Sequence[Tensor]) -> Tensor:
    """The training's input for a source of the prediction: itself, or in a graph with a signature for each the one of the same name."""
    itself = next((tensor for tensor in trained if tensor.tensor == source.tensor), None)
    return itself or named(source.name, trained, "Source inputs of the training")


def _label(trained: Sequence[Tensor], sources: Sequence[Tensor], values: Iterable[str]) -> Tensor:
    given = set(values)
    left = [t for t in trained if t not in sources and not aliases(t) & given and t.shape != () and t.dtype not in ("bool", "string")]
    if len(left) != 1:
        raise BadModel(
            "Which input of the model takes the labels is open",
            expected="one that is neither a source nor a user placeholder",
            received=listed(left) or "none",
            remedy="Name it (label placeholder), and give the others values (user placeholders)." if left else "",
        )
    return left[0]


def _outputs(chosen: Chosen, reach: Dependencies, wanted: Sequence[str]) -> tuple[Tensor, ...]:
    """The outputs to predict: of the signature, or in a graph of TensorFlow 1 any tensor."""
    if not wanted:
        codes = tuple(tensor for tensor in chosen.outputs if "int" in tensor.dtype)
        return (codes or chosen.outputs)[:1]
    return tuple(_output(name, chosen, reach) for name in wanted)


def _output(name: str, chosen: Chosen, reach: Dependencies) -> Tensor:
    found = next((tensor for tensor in chosen.outputs if name in aliases(tensor)), None)
    operation, _, number = name.partition(":")
    if found is None and chosen.version1 and operation in reach.nodes:
        return Tensor(name, None, "", f"{operation}:{number or 0}")
    if found is None:
        raise BadParameter("Output of the model", expected="one of " + ", ".join(t.name for t in chosen.outputs), received=name)
    return found

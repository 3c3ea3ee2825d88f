"""The heads of a network: what it answers, head by head, and under which names each answer is served.

A head tells classes or estimates measurements ("values"). Served, a head of classes gives the code of the winning class and the
probability of every class; the first one under the plain names `prediction` and `probabilities`, further ones with their own name behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..classes import LandClass, make_classes
from .backend import keras, tf
from .contract import Contract, OutputSpec, class_output
from .gallery.architecture import FEATURES, PROBABILITIES

CLASSES, VALUES = "classes", "values"
PREDICTION = "prediction"
SOFTMAX, SIGMOID, LINEAR = "softmax", "sigmoid", "linear"


@dataclass(frozen=True)
class Head:
    """One output of a network.

    Attributes:
        name: of the network's output.
        kind: "classes" or "values".
        channels: of the output: one a class or a measurement; a single sigmoid tells two classes.
        ending: softmax, sigmoid or linear: what the network does last.
        suffix: of the served names: "" of the first head of classes.
    """

    name: str
    kind: str
    channels: int
    ending: str
    suffix: str = ""

    @property
    def class_count(self) -> int:
        """Classes that it tells apart; 0 for measurements."""
        if self.kind != CLASSES:
            return 0
        return 2 if self.channels == 1 and self.ending == SIGMOID else self.channels

    @property
    def prediction(self) -> str:
        """Served name of the codes of the winning classes."""
        return PREDICTION + self.suffix

    @property
    def served(self) -> str:
        """Served name of the probabilities, or of the measurements."""
        return PROBABILITIES + self.suffix if self.kind == CLASSES else self.name

    def answers(self, raw: Any, codes: Sequence[int], dtype: str) -> dict[str, Any]:
        """What is served, from the network's own output (…, channels), in TensorFlow's operations.

        Args:
            codes: of the classes, in the order of the channels; their type is `dtype`.
        """
        if self.kind != CLASSES:
            return {self.served: raw}
        probabilities = self.probabilities(raw)
        return {self.prediction: tf.gather(tf.constant(codes, dtype), tf.argmax(probabilities, axis=-1)), self.served: probabilities}

    def probabilities(self, raw: Any) -> Any:
        """Of every class, from the network's own output."""
        if self.ending == SIGMOID and self.channels == 1:
            return tf.concat([1 - raw, raw], axis=-1)
        return tf.nn.softmax(raw) if self.ending == LINEAR else raw


def heads_of(network: Any, contract: Contract | None = None) -> tuple[Head, ...]:
    """The heads of a network, in its own order. The contract says which tell classes; without one, those that end with a softmax, or with
    a single sigmoid."""
    known = {spec.name for spec in contract.outputs if spec.kind == "probabilities"} if contract else set()
    heads = [Head(name, VALUES, int(t.shape[-1]), ending_of(t)) for name, t in zip(network.output_names, network.outputs, strict=True)]
    kinds: list[str] = []
    for head in heads:
        served = PROBABILITIES + (f"_{head.name}" if CLASSES in kinds else "")
        tells = served in known if contract else head.ending == SOFTMAX or (head.ending == SIGMOID and head.channels == 1)
        kinds.append(CLASSES if tells else VALUES)
    return with_kinds(heads, kinds)


def with_kinds(heads: Sequence[Head], kinds: Sequence[str]) -> tuple[Head, ...]:
    """The heads once it is known what each of them tells."""
    first = next((place for place, kind in enumerate(kinds) if kind == CLASSES), -1)
    return tuple(
        replace(head, kind=kind, suffix=f"_{head.name}" if kind == CLASSES and place != first else "")
        for place, (head, kind) in enumerate(zip(heads, kinds, strict=True))
    )


def ending_of(tensor: Any) -> str:
    """What a network does last on the way to this output."""
    operation = tensor._keras_history.operation
    if isinstance(operation, keras.layers.Softmax):
        return SOFTMAX
    activation = getattr(operation, "activation", None)
    return {keras.activations.softmax: SOFTMAX, keras.activations.sigmoid: SIGMOID}.get(activation, LINEAR)


def logits(tensor: Any) -> tuple[Any, bool]:
    """The scores before the softmax that gives this output, and True; where they cannot be had, the output itself, and False."""
    operation = tensor._keras_history.operation
    apart = isinstance(operation, (keras.layers.Softmax, keras.layers.Activation)) and ending_of(tensor) != LINEAR
    return (operation.input, True) if apart else (tensor, ending_of(tensor) == LINEAR)


def outputs_of(
    network: Any, heads: Sequence[Head], classes: Sequence[Sequence[LandClass]], measurements: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[OutputSpec, ...]:
    """The outputs of the network as it is served, for its contract; the first is the main one.

    Args:
        classes: of each head, in the order of its channels; none for heads that tell measurements.
        measurements: names of those, by the head's name.
    """
    specs: list[OutputSpec] = []
    for head, known in zip(heads, classes, strict=True):
        if head.kind == CLASSES:
            names = tuple(c.name for c in known)
            specs += [class_output(head.prediction, tuple(known)), OutputSpec(head.served, "probabilities", names, "float32", tuple(known))]
        else:
            names = (measurements or {}).get(head.name) or numbered(head.name, head.channels)
            specs.append(OutputSpec(head.served, "values", names, "float32"))
    features = features_of(network)
    if features is not None:
        specs.append(OutputSpec(FEATURES, "features", numbered("feature", int(features.shape[-1])), "float32"))
    return tuple(specs)


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Names of bands that have none of their own."""
    return (name,) if count == 1 else tuple(f"{name} {index}" for index in range(1, count + 1))


def features_of(network: Any) -> Any:
    """The tensor of the deep features; None where the network names no layer so."""
    layer = next((layer for layer in network.layers if layer.name == FEATURES), None)
    return None if layer is None else layer.output


def unnamed_classes(count: int) -> tuple[LandClass, ...]:
    """Classes of which only the number is known: "1", "2", …"""
    return make_classes((code, str(code)) for code in range(1, count + 1))

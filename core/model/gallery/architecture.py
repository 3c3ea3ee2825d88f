"""What an architecture of the gallery tells: how to build its network, and the numbers of its contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...classes import LandClass, make_classes
from ...errors import BadParameter
from ..contract import Contract, InputSpec, OutputSpec, class_output

# The layers of these names are what a classifier's network is served and trained by (core/model/folder.py, core/training/loop.py).
NORMALIZATION, FEATURES, LOGITS, PROBABILITIES = "normalization", "features", "logits", "probabilities"


@dataclass(frozen=True)
class Architecture:
    """One network of the gallery, for any number of bands and classes.

    Attributes:
        id: what users and scripts name it by.
        title: one line for people.
        paper: where it comes from.
        patch_sizes: (width, height) of the patches, one a source: its receptive fields.
        build: from the bands of each source and the number of classes to a functional keras.Model with the inputs "source1" …, the
            layers named above (`normalization` and the number of the source: `normalization1`), and probabilities as its output.
        expression_field, scale_factor, fully_convolutional: as in the contract.
    """

    id: str
    title: str
    paper: str
    patch_sizes: tuple[tuple[int, int], ...]
    build: Callable[[tuple[int, ...], int], Any]
    expression_field: tuple[int, int] = (1, 1)
    scale_factor: Fraction = Fraction(1)
    fully_convolutional: bool = False

    def check(self, bands: tuple[int, ...], classes: int) -> None:
        """Raises:
        BadParameter: another number of sources than the architecture has, a source without bands, or fewer than two classes.
        """
        if len(bands) != len(self.patch_sizes):
            raise BadParameter(
                f"Bands for the architecture {self.id}",
                expected=f"one number for each of its {len(self.patch_sizes)} source(s)",
                received=", ".join(map(str, bands)) or "none",
            )
        if min(bands) < 1:
            raise BadParameter(f"Bands for the architecture {self.id}", expected="at least 1", received=min(bands))
        if classes < 2:
            raise BadParameter(f"Classes for the architecture {self.id}", expected="at least 2", received=classes)

    def contract(self, name: str, network: Any, classes: int) -> Contract:
        """What the untrained network promises. Its classes are called "1", "2", … until training tells their names."""
        inputs = tuple(
            InputSpec(tensor.name, (), int(tensor.shape[-1]), "float32", size)
            for tensor, size in zip(network.inputs, self.patch_sizes, strict=True)
        )
        features = int(network.get_layer(FEATURES).output.shape[-1])
        outputs = classifier_outputs(make_classes((code, str(code)) for code in range(1, classes + 1)), features)
        geometry = (self.expression_field, self.scale_factor, self.fully_convolutional)
        return Contract(name, inputs, outputs, *geometry, architecture=self.id, trained=False)


def classifier_outputs(classes: tuple[LandClass, ...], features: int) -> tuple[OutputSpec, ...]:
    """The three outputs of a classifier: the class code (the main one), the probability of every class, the deep features."""
    return (
        class_output("prediction", classes),
        OutputSpec(PROBABILITIES, "probabilities", tuple(c.name for c in classes), "float32", classes),
        OutputSpec(FEATURES, "features", tuple(f"feature {index}" for index in range(1, features + 1)), "float32"),
    )

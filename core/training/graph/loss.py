"""The loss of a SavedModel that trains itself: which tensor tells it, if any does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import BadParameter
from ...model.loading.savedmodel import Tensor, signatures_of, tensors_of
from ...model.loading.signature import Chosen, plain_name
from .inputs import GraphInputs

NAMES = ("loss", "cost")
_COLLECTION = "losses"  # where tf.compat.v1.losses.* note what they make


def find_loss(chosen: Chosen, targets: str, wanted: str, inputs: GraphInputs, fed: Sequence[Tensor]) -> str:
    """The tensor, or an empty text: of the signature that trains, of the graph, or the only one of TensorFlow 1's losses.

    Args:
        targets, wanted: as the user gives them; empty `wanted`: what is called `loss` or `cost`.
        fed: the inputs of the training: what needs others is no loss of it.

    Raises:
        BadParameter: there is no such tensor, or it needs other inputs.
    """
    found = [tensor for name in ([wanted] if wanted else NAMES) for tensor in _named(chosen, targets, name, inputs)]
    noted = [] if wanted else _noted(chosen)
    usable = [tensor for tensor in (*found, *noted) if set(inputs.of([tensor])) <= set(fed)]
    if wanted and not usable:
        raise BadParameter("Loss", expected="a tensor that the training computes", received=wanted)
    return usable[0] if usable else ""


def _named(chosen: Chosen, targets: str, name: str, inputs: GraphInputs) -> Iterator[str]:
    trained = [plain_name(part.strip()) for part in targets.split(",")]
    for signature, part in signatures_of(chosen.graph).items():
        if chosen.version1 or signature in trained:
            yield from (tensor.tensor for tensor in tensors_of(part.outputs) if plain_name(tensor.name) == plain_name(name))
    operation, _, number = name.partition(":")
    if operation in inputs.reach.nodes:
        yield f"{operation}:{number or 0}"


def _noted(chosen: Chosen) -> Sequence[str]:
    """The only loss of TensorFlow 1's collection; several would have to be added, with weights that nobody knows."""
    noted = chosen.graph.collection_def[_COLLECTION].node_list.value if _COLLECTION in chosen.graph.collection_def else ()
    return list(noted) if len(noted) == 1 else []

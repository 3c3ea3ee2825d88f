"""What a SavedModel can be fed, by all the names that its inputs go by, and the user's values for those that take no image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...errors import BadParameter
from ...model.loading.constants import listed, placeholders_in
from ...model.loading.dependencies import Dependencies, operation_of
from ...model.loading.placeholders import WHAT, Value, as_array
from ...model.loading.savedmodel import Tensor, signatures_of, tensors_of
from ...model.loading.signature import Chosen, open_shape, plain_name


class GraphInputs:
    """All that a graph can be fed: the inputs of its signatures, the chosen one's first, and placeholders that none of them mentions."""

    def __init__(self, chosen: Chosen) -> None:
        self.reach = Dependencies(chosen.graph)
        signatures = signatures_of(chosen.graph)
        parts = [signatures[name] for name in sorted(signatures, key=lambda name: (name != chosen.signature, name))]
        every = [tensor for part in parts for tensor in tensors_of(part.inputs)] + list(placeholders_in(chosen.graph))
        self._all = {tensor.tensor: tensor for tensor in reversed(every)}  # the first name of each

    def of(self, operations: Iterable[str]) -> list[Tensor]:
        """Those that operations or tensors depend on, in the order of their names."""
        reached = self.reach.ancestors(operations)
        return sorted((t for t in self._all.values() if operation_of(t.tensor) in reached), key=lambda tensor: tensor.name)

    def constants(
        self, needed: Sequence[Tensor], others: Sequence[Tensor], values: Mapping[str, Value], what: str
    ) -> dict[str, np.ndarray]:
        """The user's values by tensor; those of inputs that are not needed are left out."""
        rest = [tensor for tensor in needed if tensor not in others]
        pairs = [(name, value, tensor) for name, value in values.items() for tensor in rest if name in aliases(tensor)]
        fed = {tensor.tensor: as_array(name, value, tensor.dtype, open_shape(tensor)) for name, value, tensor in pairs}
        optional = {name for name, node in self.reach.nodes.items() if node.op == "PlaceholderWithDefault"}
        missing = [tensor for tensor in rest if tensor.tensor not in fed and operation_of(tensor.tensor) not in optional]
        if missing:
            examples = ", ".join(f"{plain_name(tensor.name)}=…" for tensor in missing)
            remedy = f"Give them as user placeholders of the {what}: {examples}"
            raise BadParameter(f"The {what} takes values beside images", expected=listed(missing), received="none", remedy=remedy)
        return fed

    def check_values(self, values: Iterable[str]) -> None:
        """Whether the graph has an input for each value."""
        known = {alias for tensor in self._all.values() for alias in aliases(tensor)}
        for name in values:
            if name not in known:
                raise BadParameter(WHAT, expected=f"among {listed(self._all.values())}", received=name)


def aliases(tensor: Tensor) -> set[str]:
    """All the names of an input or output."""
    return {tensor.name, plain_name(tensor.name), tensor.tensor, plain_name(tensor.tensor)}


def named(name: str, tensors: Sequence[Tensor], what: str) -> Tensor:
    """The one of that name.

    Raises:
        BadParameter: none; `what` begins the message, and it says which there are.
    """
    found = next((tensor for tensor in tensors if name in aliases(tensor)), None)
    if found is None:
        raise BadParameter(what, expected=f"among {listed(tensors) or 'none'}", received=name)
    return found

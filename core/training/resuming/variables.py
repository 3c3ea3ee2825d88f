"""The variables that the next step of a training depends on, as arrays; named by their group and place, not by what Keras calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Groups = Mapping[str, Sequence[Any]]


def to_arrays(groups: Groups) -> dict[str, np.ndarray]:
    """What they hold."""
    return {name: variable.numpy() for name, variable in _named(groups)}


def from_arrays(groups: Groups, arrays: Mapping[str, np.ndarray]) -> None:
    """Give them what `to_arrays` gave."""
    for name, variable in _named(groups):
        variable.assign(arrays[name])


def _named(groups: Groups) -> list[tuple[str, Any]]:
    return [(f"{group}/{place}", variable) for group, variables in groups.items() for place, variable in enumerate(variables)]

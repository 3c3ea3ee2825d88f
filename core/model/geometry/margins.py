"""Outputs that come cropped, by their names: OTBTF calls them `x_crop16`, SR4RS `output_64`.

Both programs train with zero padding, whose borders are wrong, and export every output several times, each cut by another margin so
that tiles fit together. Here such a name only tells that outputs are one image: how far borders reach is read off the graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # they import TensorFlow, which names alone do not need
    from ..loading.load import LoadedModel
    from .graph_geometry import OutputGeometry

_CROPPED = re.compile(r"(?:(?P<stem>.*)_crop|(?P<sr4rs>output)_)(?P<margin>\d{1,5})(?::\d+)?")


def margin_of(name: str) -> int | None:
    """Output pixels that an output of this name lacks on every side; None for a name that tells of no margin."""
    found = _CROPPED.fullmatch(name.rsplit("/", 1)[-1])
    return int(found["margin"]) if found else None


def main_output(model: LoadedModel) -> str:
    """The output that is served when none is named: the first, or of the same image cropped by several margins the cheapest."""
    names = [spec.name for spec in model.outputs]
    family = [name for name in names if _uncropped(name) == _uncropped(names[0])]
    if len(family) == 1:
        return names[0]
    from .model_geometry import read_graph

    graph = read_graph(model)
    return cheapest({name: graph[name] for name in family})


def cheapest(outputs: Mapping[str, OutputGeometry]) -> str:
    """Of outputs that are the first one, cropped by several margins, that for which the fewest pixels are read.

    All give the same map: what a margin does not cut off of what padding spoils, the halo does. A margin far wider than needed costs.
    Names may deceive (Keras calls the answers of a network output_0 and output_1): what sees other pixels than the first is not taken,
    and of those that cost the same the first is.
    """
    first = next(iter(outputs))
    alike = [name for name, geometry in outputs.items() if _seen(geometry) == _seen(outputs[first])]
    return min(alike, key=lambda name: _read(outputs[name]))


def _seen(geometry: OutputGeometry) -> object:
    return geometry.unknown, {name: (seen.view, seen.scale_factor) for name, seen in geometry.inputs.items()}


def _read(geometry: OutputGeometry) -> int:
    return sum(seen.receptive_field[0] * seen.receptive_field[1] for seen in geometry.inputs.values())


def _uncropped(name: str) -> str:
    """The name of what was cropped: output_64 and output are one image."""
    own = name.rsplit("/", 1)[-1]
    found = _CROPPED.fullmatch(own)
    return (found["stem"] or found["sr4rs"]) if found else own.split(":")[0]

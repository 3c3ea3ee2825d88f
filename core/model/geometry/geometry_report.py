"""What inspecting a model tells of the geometry that its graph gives, as plain values and as the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...page import Cell
from .graph_geometry import InputGeometry, OutputGeometry

HEADER = ("Output", "Input", "Receptive field", "Sees", "Expression field", "Scale factor", "First centre", "Total stride", "Halo")


def described_geometry(found: Mapping[str, OutputGeometry]) -> list[dict[str, Any]]:
    """Of every output. Sizes are [width, height] in pixels of the input, or of the output for the fields of this."""
    return [_output(name, geometry) for name, geometry in sorted(found.items())]


def no_geometry(reason: str) -> list[dict[str, Any]]:
    """Of a model that cannot be loaded, or must not be: nothing but the reason."""
    return [{"output": None, "inputs": [], "expression_field": None, "halo": None, "fully_convolutional": None, "unknown": [reason]}]


def _output(name: str, geometry: OutputGeometry) -> dict[str, Any]:
    known = not geometry.unknown
    return {
        "output": name,
        "expression_field": _pair(geometry.expression_field) if known else None,
        "halo": _pair(geometry.halo) if known else None,
        "fully_convolutional": geometry.fully_convolutional if known else None,
        "inputs": [_input(source, seen) for source, seen in geometry.inputs.items()],
        "unknown": list(geometry.unknown),
    }


def _input(name: str, seen: InputGeometry) -> dict[str, Any]:
    return {
        "input": name,
        "receptive_field": _pair(seen.receptive_field),
        "sees": _pair(seen.view),
        "scale_factor": None if seen.scale_factor is None else str(seen.scale_factor),
        "offset": [float(seen.offset[1]), float(seen.offset[0])],
        "stride": _pair(seen.stride),
    }


def _pair(size: Sequence[int]) -> list[int]:
    return [size[1], size[0]]


def rows(geometry: Sequence[dict[str, Any]]) -> list[tuple[Cell, ...]]:
    """One row for each output and input, in the order of HEADER."""
    return [
        (
            output["output"], seen["input"], _size(seen["receptive_field"]), _size(seen["sees"]), _size(output["expression_field"]),
            seen["scale_factor"], ", ".join(f"{place:g}" for place in seen["offset"]), _size(seen["stride"]), _size(output["halo"]),
        )
        for output in geometry for seen in output["inputs"]
    ]  # fmt: skip


def unknown(geometry: Sequence[dict[str, Any]]) -> list[tuple[Cell, ...]]:
    """What the graph does not tell: (output, reason)."""
    return [(output["output"], reason) for output in geometry for reason in output["unknown"]]


def _size(size: Sequence[int] | None) -> str | None:
    return None if size is None else f"{size[0]}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{size[1]}"

"""Job inspectmodel: what a model says of itself, as a page for people and as JSON for programs.

From its contract where it has one; a foreign model is described by its signature and its graph. The geometry that the graph tells
(core/model/geometry/geometry_report.py) stands beside the contract's, and in its place where there is none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from ... import jobs
from ...partial import replacing
from ...reporting import Reporter
from ..contract import Contract, InputSpec, OutputSpec, read
from ..folder import TRAINABLE
from ..geometry.margins import margin_of
from ..loading.savedmodel import Described, Tensor, describe
from ..loading.signature import natural
from .graph import GraphFacts, graph_facts
from .page import headline, write_html


def run(job: jobs.InspectModel, reporter: Reporter) -> dict[str, Any]:
    """Describe the model without running it.

    Raises:
        BadModel: no model there, or a damaged one; the message names the file.
        CannotWrite: a report cannot be written.
    """
    found = facts(job.model)
    reporter.check()
    for name, words in headline(found):
        reporter.info(f"{name}: {'unknown' if words is None else words}")
    outputs: dict[str, Any] = {} if found["parameters"] is None else {"PARAMETERS": found["parameters"]}
    if job.output:
        with replacing(job.output) as path, open(path, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=2, ensure_ascii=False, allow_nan=False)
        outputs["OUTPUT"] = job.output
    if job.output_html:
        contract = read(job.model)
        write_html(job.output_html, found, contract.classes if contract else ())
        outputs["OUTPUT_HTML"] = job.output_html
    return outputs


def facts(folder: str) -> dict[str, Any]:
    """All that is known of a model, as plain values. Sizes are [width, height] in pixels; None is unknown."""
    described, contract = describe(folder), read(folder)
    graph = graph_facts(folder, contract)
    return {
        "name": contract.name if contract else os.path.basename(os.path.normpath(folder)),
        "folder": folder,
        "contract": contract is not None,
        "architecture": (contract.architecture or None) if contract else None,
        "trained": contract.trained if contract else None,
        "trainable": contract is not None and os.path.isfile(os.path.join(folder, TRAINABLE)),
        "parameters": described.parameters,
        "size_bytes": described.size,
        "format": "SavedModel" if described.tensorflow else "Keras file",
        "tensorflow": described.tensorflow or None,
        "signature": described.signature,
        "signatures": list(described.signatures),
        "safe": not described.findings,
        "findings": [{"operation": part.operation, "why": part.why, "place": part.place} for part in dict.fromkeys(described.findings)],
        **_main_geometry(contract, graph),
        "geometry": graph.geometry,
        "cost": graph.cost,
        "inputs": _inputs(described, contract, graph),
        "outputs": _outputs(described, contract),
        "operations": list(described.operations),
    }


def _main_geometry(contract: Contract | None, graph: GraphFacts) -> dict[str, Any]:
    """Of the output that is served if none is named: as the contract says; without one, as the graph does."""
    served = graph.served
    told = served is not None and not served.unknown
    halo = [served.halo[1], served.halo[0]] if served and told else None
    if contract:
        field, scale, by_blocks = list(contract.expression_field), str(contract.scale_factor), contract.fully_convolutional
    elif served and told:
        field, scale = [served.expression_field[1], served.expression_field[0]], str(served.scale_factor)
        by_blocks = bool(served.fully_convolutional)
    else:
        return dict.fromkeys(("expression_field", "scale_factor", "halo", "fully_convolutional"))
    return {"expression_field": field, "scale_factor": scale, "halo": halo, "fully_convolutional": by_blocks}


def _inputs(described: Described, contract: Contract | None, graph: GraphFacts) -> list[dict[str, Any]]:
    specs = {spec.name: spec for spec in contract.inputs} if contract else {}
    served = graph.served
    fields = {name: [cols, rows] for name, (rows, cols) in zip(served.inputs, served.receptive_fields, strict=True)} if served else {}
    return [
        _input(tensor, specs.get(tensor.name))
        | ({"receptive_field": fields[tensor.name]} if tensor.name in fields else {})
        | {"source": tensor.name in graph.ratios if graph.ratios else tensor.shape is None or len(tensor.shape) == 4}
        | {"spacing_ratio": str(graph.ratios[tensor.name]) if tensor.name in graph.ratios and not graph.assumed else None}
        for tensor in _ordered(described.inputs, list(specs) or list(graph.ratios))
    ]


def _ordered(tensors: Sequence[Tensor], order: Sequence[str]) -> list[Tensor]:
    """In the order in which serving takes them, else as people count: x2 before x10."""
    return sorted(tensors, key=lambda tensor: (order.index(tensor.name) if tensor.name in order else len(order), natural(tensor.name)))


def _input(tensor: Tensor, spec: InputSpec | None) -> dict[str, Any]:
    shape = _plain_shape(tensor)
    return {
        "name": tensor.name,
        "tensor": tensor.tensor,
        "shape": shape,
        "dtype": tensor.dtype,
        "band_count": spec.band_count if spec else _fixed(shape, 3),
        "bands": list(spec.bands) if spec else [],
        "receptive_field": list(spec.receptive_field) if spec else _square(shape),
        "spacing": spec.spacing if spec else None,
    }


def _outputs(described: Described, contract: Contract | None) -> list[dict[str, Any]]:
    specs = {spec.name: spec for spec in contract.outputs} if contract else {}
    return [_output(tensor, specs.get(tensor.name)) for tensor in _ordered(described.outputs, list(specs))]


def _output(tensor: Tensor, spec: OutputSpec | None) -> dict[str, Any]:
    nodata = None if spec is None or spec.nodata is None else spec.nodata
    return {
        "name": tensor.name,
        "tensor": tensor.tensor,
        "shape": _plain_shape(tensor),
        "dtype": tensor.dtype,
        "kind": spec.kind if spec else None,
        "bands": list(spec.bands) if spec else [],
        "classes": [c.to_plain() for c in spec.classes] if spec else [],
        "nodata": "nan" if nodata is not None and nodata != nodata else nodata,
        "margin": margin_of(tensor.name),
    }


def _plain_shape(tensor: Tensor) -> list[int | None] | None:
    return None if tensor.shape is None else [None if size < 0 else size for size in tensor.shape]


def _fixed(shape: Sequence[int | None] | None, axis: int) -> int | None:
    return shape[axis] if shape is not None and len(shape) == 4 else None


def _square(shape: Sequence[int | None] | None) -> list[int] | None:
    """[width, height] of an input that takes patches of one size only."""
    height, width = _fixed(shape, 1), _fixed(shape, 2)
    return None if height is None or width is None else [width, height]

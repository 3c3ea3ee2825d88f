"""Job inspectmodel: what a model says of itself, as a page for people and as JSON for programs.

From its contract where it has one; a foreign model is described by its signature and its graph. The geometry that the graph tells
(core/model/geometry_report.py) stands beside the contract's, and in its place where there is none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from .. import jobs
from ..classes import LandClass
from ..page import Cell, section, swatch, table, write_page
from ..partial import replacing
from ..reporting import Reporter
from .contract import Contract, InputSpec, OutputSpec, read
from .folder import TRAINABLE
from .geometry_report import HEADER, described_geometry, main_geometry, rows, scale_factor, unknown
from .margins import margin_of
from .savedmodel import Described, Tensor, describe

_UNKNOWN_GEOMETRY = (
    '<p class="warning">The model has no contract: it was not made here. Its geometry is read off its graph, its bands off the shape of its'
    " inputs; where a number is missing (–), give it when the model is served.</p>\n"
)
_UNSAFE = (
    '<p class="warning">The model could do harm: it holds operations that do more than compute. It is served only if you tick'
    " 'Trust the model'.</p>\n"
)


def run(job: jobs.InspectModel, reporter: Reporter) -> dict[str, Any]:
    """Describe the model without running it.

    Raises:
        BadModel: no model there, or a damaged one; the message names the file.
        CannotWrite: a report cannot be written.
    """
    found = facts(job.model)
    reporter.check()
    for line in _headline(found):
        reporter.info(": ".join(map(str, line)))
    outputs: dict[str, Any] = {} if found["parameters"] is None else {"PARAMETERS": found["parameters"]}
    if job.output:
        with replacing(job.output) as path, open(path, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=2, ensure_ascii=False, allow_nan=False)
        outputs["OUTPUT"] = job.output
    if job.output_html:
        contract = read(job.model)
        _write_html(job.output_html, found, contract.classes if contract else ())
        outputs["OUTPUT_HTML"] = job.output_html
    return outputs


def facts(folder: str) -> dict[str, Any]:
    """All that is known of a model, as plain values. Sizes are [width, height] in pixels; None is unknown."""
    described, contract = describe(folder), read(folder)
    geometry = described_geometry(folder)
    main = main_geometry(geometry) if contract is None else None
    return {
        "name": contract.name if contract else os.path.basename(os.path.normpath(folder)),
        "folder": folder,
        "contract": contract is not None,
        "architecture": (contract.architecture or None) if contract else None,
        "trained": contract.trained if contract else None,
        "trainable": contract is not None and os.path.isfile(os.path.join(folder, TRAINABLE)),
        "parameters": described.parameters,
        "size_bytes": described.size,
        "tensorflow": described.tensorflow,
        "signature": described.signature,
        "signatures": list(described.signatures),
        "safe": not described.findings,
        "findings": [{"operation": part.operation, "why": part.why, "place": part.place} for part in dict.fromkeys(described.findings)],
        "expression_field": list(contract.expression_field) if contract else main and main["expression_field"],
        "scale_factor": str(contract.scale_factor) if contract else main and scale_factor(main, described.inputs[0].name),
        "fully_convolutional": contract.fully_convolutional if contract else main and main["fully_convolutional"],
        "geometry": geometry,
        "inputs": _with_fields(_inputs(described, contract), main),
        "outputs": _outputs(described, contract),
        "operations": list(described.operations),
    }


def _inputs(described: Described, contract: Contract | None) -> list[dict[str, Any]]:
    specs = {spec.name: spec for spec in contract.inputs} if contract else {}
    order = [spec.name for spec in contract.inputs] if contract else []
    tensors = sorted(described.inputs, key=lambda tensor: order.index(tensor.name) if tensor.name in order else len(order))
    return [_input(tensor, specs.get(tensor.name)) for tensor in tensors]


def _with_fields(inputs: list[dict[str, Any]], geometry: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Receptive fields off the graph, for a model without a contract."""
    fields = {seen["input"]: seen["receptive_field"] for seen in geometry["inputs"]} if geometry else {}
    return [part | {"receptive_field": fields.get(part["name"], part["receptive_field"])} for part in inputs]


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
    order = list(specs)
    tensors = sorted(described.outputs, key=lambda tensor: order.index(tensor.name) if tensor.name in order else len(order))
    return [_output(tensor, specs.get(tensor.name)) for tensor in tensors]


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


def _headline(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    modes = {True: "fully convolutional: blocks of any size", False: "patch-based", None: None}
    return [
        ("Architecture", found["architecture"]),
        ("Trained", {True: "yes", False: "no", None: None}[found["trained"]]),
        ("Can be trained (further)", "yes" if found["trainable"] else "no"),
        ("Parameters", found["parameters"]),
        ("Size", f"{found['size_bytes'] / 1e6:.1f} MB"),
        ("Expression field", _size(found["expression_field"])),
        ("Scale factor", found["scale_factor"]),
        ("Mode", modes[found["fully_convolutional"]]),
        ("Signature", _signature(found)),
        ("Safe to load", "yes" if found["safe"] else f"no: {len(found['findings'])} operation(s) could do harm"),
        ("Written by TensorFlow", found["tensorflow"]),
    ]


def _write_html(path: str, found: dict[str, Any], classes: Sequence[LandClass]) -> None:
    inputs = [
        (part["name"], _shape_text(part), part["dtype"], ", ".join(part["bands"]) or part["band_count"], _size(part["receptive_field"]))
        for part in found["inputs"]
    ]
    outputs = [
        (part["name"], part["kind"], _shape_text(part), part["dtype"], _few(part["bands"]) or _crop(part)) for part in found["outputs"]
    ]
    harm = [(part["operation"], part["why"], part["place"]) for part in found["findings"]]
    legend = [(swatch(c.colour, c.name), str(c.code)) for c in classes]
    write_page(
        path,
        f"Model {found['name']}",
        "" if found["contract"] else _UNKNOWN_GEOMETRY,
        table(_headline(found)),
        (_UNSAFE + table(harm, ("Operation", "It", "Where"))) if harm else "",
        section("Inputs", table(inputs, ("Name", "Shape", "Type", "Bands", "Receptive field"))),
        section("Outputs", table(outputs, ("Name", "Kind", "Shape", "Type", "Bands"))),
        section("Geometry of the graph", _geometry_html(found["geometry"])),
        section("Classes", table(legend, ("Class", "Code"))) if legend else "",
        section("Operations", f"<p>{', '.join(found['operations'])}</p>\n"),
    )


def _geometry_html(geometry: Sequence[dict[str, Any]]) -> str:
    missing = unknown(geometry)
    told = table(rows(geometry), HEADER) if any(part["inputs"] for part in geometry) else ""
    return told + (table(missing, ("Output", "Not told, and why")) if missing else "")


def _signature(found: dict[str, Any]) -> str:
    others = [name for name in found["signatures"] if name != found["signature"]]
    return found["signature"] + (f" (others: {', '.join(others)})" if others else "")


def _crop(part: dict[str, Any]) -> str:
    return "" if part["margin"] is None else f"cropped by {part['margin']} pixels on every side"


def _size(size: Sequence[int] | None) -> str | None:
    return None if size is None else f"{size[0]} × {size[1]} pixels"


def _shape_text(part: dict[str, Any]) -> str:
    if part["shape"] is None:
        return "any"
    sizes = ["any" if size is None else str(size) for size in part["shape"]]
    return " × ".join(["n" if sizes[0] == "any" else sizes[0], *sizes[1:]]) if sizes else "one value"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" … ({len(names)})" if len(names) > 8 else "")

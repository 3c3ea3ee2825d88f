"""What is known of a model as a page: the most important first, every number with its unit, and a drawing of its geometry."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...classes import LandClass
from ...page import Cell, section, swatch, table, write_page
from ..geometry.drawing import DrawnSource, Sketch, draw
from ..geometry.geometry_report import HEADER, rows, unknown
from .cost import BLOCK, DENSE

_NO_CONTRACT = (
    '<p class="warning">The model has no contract: it was not made here. Its geometry is read off its graph, its bands off the shape of its'
    " inputs; where a number is missing (–), give it when the model is served.</p>\n"
)
_UNSAFE = (
    '<p class="warning">The model could do harm: it holds operations that do more than compute. It is served only if you tick'
    " 'Trust the model'.</p>\n"
)
_GEOMETRY = (
    "<p>What the operations of the graph tell of every output, in pixels of the input. Receptive field: what a block of outputs needs."
    " Sees: what a single output depends on. First centre: the middle of what the first output sees, across and down from the window's"
    " corner. Total stride: windows that lie multiples of it apart are treated alike. In output pixels: expression field, and halo, which"
    " is thrown away on every side. Scale factor: spacing of the output ÷ spacing of the input.</p>\n"
)
_COST = (
    "<p>For one output pixel. Operations are floating-point operations (FLOP); a multiply-add counts as two. Memory traffic is what layers"
    f" read and write if nothing is fused. Edges: what a block of {BLOCK} × {BLOCK} output pixels needs besides for the borders of its"
    " window. Weights are read once a block, or once a batch of patches. 'Serve model' goes densely by itself where that gives the same"
    " values.</p>\n"
)
_ASSUMED = "Spacings are not told: drawn as if all windows covered the same ground."
_INPUTS = ("Name", "Shape", "Type", "Bands", "Receptive field", "Spacing (map units)")
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def headline(found: dict[str, Any]) -> list[tuple[str, Cell]]:
    """What is most important, for the page and for the log."""
    modes = {True: "fully convolutional: blocks of any size", False: "patch-based", None: None}
    told = [("Architecture", found["architecture"]), ("Trained", {True: "yes", False: "no", None: None}[found["trained"]])]
    return [
        *(line for line in told if line[1] is not None),
        ("Can be trained (further)", "yes" if found["trainable"] else "no"),
        ("Parameters", found["parameters"]),
        ("Size", scaled(found["size_bytes"], "B")),
        ("Receptive field", _fields(found)),
        ("Expression field", _size(found["expression_field"], "output pixels")),
        ("Scale factor", _scale(found["scale_factor"])),
        ("Mode", modes[found["fully_convolutional"]]),
        ("Cost", _least_cost(found)),
        ("Signature", _signature(found)),
        ("Safe to load", "yes" if found["safe"] else f"no: {len(found['findings'])} operation(s) could do harm"),
        ("Format", found["format"] + (f", written by TensorFlow {found['tensorflow']}" if found["tensorflow"] else "")),
    ]


def write_html(path: str, found: dict[str, Any], classes: Sequence[LandClass]) -> None:
    """Write the page.

    Args:
        found: what core/model/inspection/inspect.py knows.
        classes: of the model, for the legend.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    harm = [(part["operation"], part["why"], part["place"]) for part in found["findings"]]
    legend = [(swatch(c.colour, c.name), str(c.code)) for c in classes]
    sketch = sketch_of(found)
    write_page(
        path,
        f"Model {found['name']}",
        "" if found["contract"] else _NO_CONTRACT,
        (_UNSAFE + table(harm, ("Operation", "It", "Where"))) if harm else "",
        table(headline(found)),
        section("What it sees, and what it gives for that", draw(sketch)) if sketch else "",
        section("Inputs", table([_input(part) for part in found["inputs"]], _INPUTS)),
        section("Outputs", table([_output(part) for part in found["outputs"]], ("Name", "Kind", "Shape", "Type", "Bands"))),
        section("Classes", table(legend, ("Class", "Code"))) if legend else "",
        section("Cost of a pixel", _COST, _costs(_as_outputs(found, "cost"))) if found["cost"] else "",
        section("Geometry of the graph", _geometry(_as_outputs(found, "geometry"))),
        section("Operations", f"<p>{', '.join(found['operations'])}</p>\n"),
    )


def _as_outputs(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Parts about outputs, in the order in which the outputs are listed."""
    order = [part["name"] for part in found["outputs"]]
    return sorted(found[key], key=lambda part: order.index(part["output"]) if part["output"] in order else len(order))


def sketch_of(found: dict[str, Any]) -> Sketch | None:
    """What is drawn of a model; None where its fields are not known."""
    inputs = [part for part in found["inputs"] if part["source"]]
    if not inputs or not found["expression_field"] or not all(part["receptive_field"] for part in inputs):
        return None
    told = all(part["spacing_ratio"] for part in inputs)
    first = inputs[0]["receptive_field"]
    sources = tuple(
        DrawnSource(part["name"], _pair(field), Fraction(part["spacing_ratio"]) if told else Fraction(first[0], field[0]))
        for part in inputs
        for field in (part["receptive_field"],)
    )
    field, halo = _pair(found["expression_field"]), _pair(found["halo"] or (0, 0))
    return Sketch(sources, field, Fraction(found["scale_factor"] or 1), halo, "" if told else _ASSUMED)


def _pair(size: Sequence[int]) -> tuple[int, int]:
    return size[0], size[1]


def _fields(found: dict[str, Any]) -> str | None:
    known = [(part["name"], _size(part["receptive_field"])) for part in found["inputs"] if part["source"] and part["receptive_field"]]
    return ", ".join(f"{size} of {name}" if len(known) > 1 else str(size) for name, size in known) or None


def _scale(factor: str | None) -> str | None:
    """A scale factor in words."""
    if factor is None:
        return None
    ratio = Fraction(factor)
    if ratio == 1:
        return "1: output pixels are as large as those of the first source"
    times = f"{float(max(ratio, 1 / ratio)):.4g}"
    return f"{factor}: output pixels are {times} times {'coarser' if ratio > 1 else 'finer'} than those of the first source"


def _least_cost(found: dict[str, Any]) -> str | None:
    """Of the main output, in the cheapest way."""
    main = found["outputs"][0]["name"] if found["outputs"] else None
    least = next((part for part in reversed(found["cost"]) if part["output"] == main), None)
    if least is None:
        return None
    operations, moved = scaled(least["operations"], "FLOP"), scaled(least["moved"], "B")
    return f"{operations} and {moved} of memory traffic an output pixel, {least['way']}"


def _costs(costs: Sequence[dict[str, Any]]) -> str:
    slowest = {part["output"]: part["operations"] for part in reversed(costs)}
    lines = [
        (
            part["output"],
            part["way"] + _gain(part, slowest[part["output"]]),
            ("at least " if part["uncounted"] else "") + scaled(part["operations"], "FLOP"),
            scaled(part["moved"], "B"),
            f"+ {100 * (part['in_block'] - 1):.0f} %" if part["block"] else None,
            scaled(part["parameters"], "B"),
        )
        for part in costs
    ]
    missing = sorted({kind for part in costs for kind in part["uncounted"]})
    note = f"<p>Not counted, since their sizes are not known: {', '.join(missing)}.</p>\n" if missing else ""
    return table(lines, ("Output", "Served", "Operations", "Memory traffic", "Edges", "Weights")) + note


def _gain(part: dict[str, Any], slowest: float) -> str:
    times = slowest / part["operations"] if part["operations"] else 0
    return f" ({times:.3g} times fewer operations)" if part["way"] == DENSE and times > 1 else ""


def scaled(number: float, unit: str) -> str:
    """A number with three digits and a prefix: 546698 FLOP is "547 kFLOP"."""
    factor, prefix = next((pair for pair in _PREFIXES if number >= 0.9995 * pair[0]), (1, ""))
    return f"{number / factor:.3g} {prefix}{unit}"


def _input(part: dict[str, Any]) -> tuple[Cell, ...]:
    bands = ", ".join(part["bands"]) or part["band_count"]
    return part["name"], _shape_text(part), part["dtype"], bands, _size(part["receptive_field"]), part["spacing"] and f"{part['spacing']:g}"


def _output(part: dict[str, Any]) -> tuple[Cell, ...]:
    bands = part["shape"][-1] if part["shape"] and len(part["shape"]) in (2, 4) else None
    return part["name"], part["kind"], _shape_text(part), part["dtype"], _few(part["bands"]) or _crop(part) or bands


def _geometry(geometry: Sequence[dict[str, Any]]) -> str:
    missing = unknown(geometry)
    told = _GEOMETRY + table(rows(geometry), HEADER) if any(part["inputs"] for part in geometry) else ""
    return told + (table(missing, ("Output", "Not told, and why")) if missing else "")


def _signature(found: dict[str, Any]) -> str:
    others = [name for name in found["signatures"] if name != found["signature"]]
    return found["signature"] + (f" (others: {', '.join(others)})" if others else "")


def _crop(part: dict[str, Any]) -> str:
    return "" if part["margin"] is None else f"cropped by {part['margin']} pixels on every side"


def _size(size: Sequence[int] | None, unit: str = "pixels") -> str | None:
    return None if size is None else f"{size[0]} × {size[1]} {unit}"


def _shape_text(part: dict[str, Any]) -> str:
    if part["shape"] is None:
        return "any"
    sizes = ["any" if size is None else str(size) for size in part["shape"]]
    return " × ".join(["n" if sizes[0] == "any" else sizes[0], *sizes[1:]]) if sizes else "one value"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" … ({len(names)})" if len(names) > 8 else "")

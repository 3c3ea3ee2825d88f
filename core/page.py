"""Reports as one HTML file each: no script, no other file, no network, so that it can be sent to others as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isinf
from typing import Any

from .partial import replacing

_STYLE = """
body { font: 15px/1.5 "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; color: #24292f; background: #fff }
body { max-width: 62em; margin: 2em auto; padding: 0 1.5em }
h1 { font-size: 1.7em; margin-bottom: .1em }
h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #d8dee4; padding-bottom: .2em }
table { border-collapse: collapse; margin: .8em 0 } th, td { padding: .3em .9em; border-bottom: 1px solid #e6e9ec; text-align: left }
th { font-weight: 600 } thead th { background: #f3f5f7 } td.number { text-align: right; font-variant-numeric: tabular-nums }
img { max-width: 100% } pre { background: #f3f5f7; padding: 1em; overflow-x: auto; font-size: 12px; white-space: pre-wrap }
.lead { color: #57606a; margin-top: 0 } .warning { background: #fff4e5; border-left: 4px solid #d9822b; padding: .6em 1em }
.swatch { display: inline-block; width: .9em; height: .9em; border: 1px solid #0003; margin-right: .5em; vertical-align: -.1em }
"""

Cell = str | int | float | None


class Html(str):
    """Text that is HTML already; any other text is escaped where it is put into a page."""


def table(rows: Iterable[Sequence[Cell]], header: Sequence[str] = ()) -> str:
    """A table; None is shown as a dash. With a header, numbers stand to the right; without, the first cell of each row is its heading."""
    head = f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr></thead>" if header else ""
    lines = "\n".join(f"<tr>{''.join(_cell(cell, bool(header), place) for place, cell in enumerate(row))}</tr>" for row in rows)
    return f"<table>{head}<tbody>\n{lines}\n</tbody></table>\n"


def _cell(cell: Cell, columns: bool, place: int) -> str:
    if not columns and place == 0:
        return f"<th>{_text(cell)}</th>"
    number = columns and (cell is None or isinstance(cell, (int, float)))
    return f'<td class="number">{_text(cell)}</td>' if number else f"<td>{_text(cell)}</td>"


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Html):
        return str(cell)
    if isinstance(cell, float):
        if isinf(cell):
            return "∞" if cell > 0 else "−∞"
        return f"{cell:.3f}" if cell == 0 or abs(cell) >= 1e-3 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else escape(str(cell))


def swatch(colour: tuple[int, int, int], name: str) -> Html:
    """A name with its colour before it, as in a legend."""
    return Html('<span class="swatch" style="background:#{:02x}{:02x}{:02x}"></span>'.format(*colour) + escape(name))


def picture(png: bytes, description: str) -> str:
    """An embedded PNG; the description is for those who cannot see it."""
    return f'<p><img src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}" alt="{escape(description)}"></p>\n'


def section(title: str, *parts: str) -> str:
    """A heading and what belongs under it."""
    return f"<h2>{escape(title)}</h2>\n{''.join(parts)}"


def to_repeat(job: Mapping[str, Any]) -> str:
    """How to do the job again without QGIS; `job`: as plain values."""
    text = "<p>Save this as <code>job.json</code> and run <code>python -m core job.json</code> in the plugin's folder.</p>\n"
    return f"{text}<pre>{escape(json.dumps(job, indent=2, ensure_ascii=False))}</pre>\n"


def write_page(path: str, title: str, *parts: str) -> None:
    """Write the page, complete or not at all.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = f"<h1>{escape(title)}</h1>\n{''.join(parts)}"
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n')

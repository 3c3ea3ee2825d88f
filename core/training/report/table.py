"""The figures of a training's epochs as a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from ...partial import replacing


def write_rows(path: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """CSV with a row for every epoch, and a column for every figure of any; an empty cell is a figure without meaning.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)

"""The table of the strategy byclass: a CSV file with a class and a count in each row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from ..errors import BadParameter, CannotRead
from .truth import Label

SEPARATORS = (";", "\t", "|", ",")
COUNT_COLUMNS = ("count", "required")  # the second is what the rates table calls it, so that an edited one can be read back


def read_by_class(path: str, labels: Iterable[Label]) -> dict[Label, int]:
    """Counts by class. The separator is found out; a header line and lines that begin with # are optional.

    Raises:
        CannotRead: no such file, or it is no text.
        BadParameter: an unknown or repeated class, or a count that is no whole number; with the line's number.
    """
    known = {_key(label): label for label in labels}
    counts: dict[Label, int] = {}
    unknown: list[str] = []
    for line, name, count in _rows(path):
        label = known.get(_key(name))
        if label is None:
            unknown.append(name)
        elif label in counts:
            raise BadParameter(f"{path}, line {line}: class {name} again", expected="each class once")
        else:
            counts[label] = count
    if unknown:
        raise BadParameter(f"{path}: class not in the truth", expected=", ".join(map(str, known.values())), received=", ".join(unknown))
    return counts


def _key(label: Label) -> str:
    """1, "1" and "1.0" are one class."""
    text = str(label).strip()
    try:
        return str(int(float(text))) if float(text).is_integer() else text
    except (ValueError, OverflowError):
        return text


def _rows(path: str) -> Iterator[tuple[int, str, int]]:
    lines = [(number, line) for number, line in enumerate(_lines(path), start=1) if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise BadParameter(path, expected="lines with a class and a count", received="none")
    separator = next((mark for mark in SEPARATORS if mark in lines[0][1]), ",")
    table = [(number, [cell.strip() for cell in next(csv.reader([text], delimiter=separator))]) for number, text in lines]
    name_column, count_column, first = _columns(table[0][1])
    for number, row in table[first:]:
        try:
            name, count = row[name_column], int(row[count_column])
        except (IndexError, ValueError) as error:
            raise BadParameter(f"{path}, line {number}", expected="a class and a whole number", received=separator.join(row)) from error
        if count < 0:
            raise BadParameter(f"{path}, line {number}", expected="a count of 0 or more", received=count)
        yield number, name, count


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRead(f"Cannot read {path} ({error})", expected="a CSV file with the columns class and count") from error


def _columns(header: list[str]) -> tuple[int, int, int]:
    """Where the class and the count are, and how many lines the header has: 0 where the first line holds a count already."""
    names = [name.lower() for name in header]
    count = next((names.index(name) for name in COUNT_COLUMNS if name in names), None)
    if count is not None:
        return (names.index("class") if "class" in names else 0), count, 1
    return 0, 1, 0 if len(header) > 1 and header[1].lstrip("+-").isdigit() else 1

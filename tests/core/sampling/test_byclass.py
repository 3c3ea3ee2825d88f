from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadParameter, CannotRead
from core.sampling.byclass import read_by_class


@pytest.mark.parametrize(
    "text",
    [
        "class,count\nwater,12\nold forest,3\n",
        "water;12\nold forest;3\n",
        "\ufeffclass\tcount\nwater\t12\nold forest\t3",
        "# by hand\n\nwater | 12\r\nold forest | 3\r\n",
        "id,required,class\n1,12,water\n2,3,old forest\n",  # columns by name
        '"water","12"\n"old forest",3\n',
        "class,required,total,rate\nwater,12,100,0.12\nold forest,3,3,1.0\n",  # the rates table, edited
    ],
)
def test_separator_header_and_order_are_found_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text, encoding="utf-8")
    assert read_by_class(str(path), ["old forest", "water", "town"]) == {"water": 12, "old forest": 3}


def test_numbers_match_however_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("1,5\n2.0,6\n-3,7\n")
    assert read_by_class(str(path), [1, 2, -3]) == {1: 5, 2: 6, -3: 7}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("water,1\nwoods,2\nsea,3\n", r"not in the truth: expected water, town, received woods, sea"),
        ("water,1\nwater,2\n", r"line 2: class water again"),
        ("class,count\nwater,many\n", r"line 2: expected a class and a whole number, received water,many"),
        ("water,-1\n", r"line 1: expected a count of 0 or more"),
        ("class,count\nwater\n", r"line 2"),
        ("# nothing\n", r"received none"),
    ],
)
def test_errors_name_the_line_and_the_class(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(BadParameter, match=words):
        read_by_class(str(path), ["water", "town"])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="CSV file with the columns class and count"):
        read_by_class(str(tmp_path / "no.csv"), ["a"])

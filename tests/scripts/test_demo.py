"""What `make demo` makes of its settings; the demo itself runs in tests/workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import demo
from scripts.workspace import Failure


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.chdir(tmp_path)
    paths = [tmp_path / name for name in ("a.tif", "b.tif", "with space.tif")]
    for path in paths:
        path.touch()
    return paths


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.tif", ["a.tif"]),
        ("a.tif b.tif", ["a.tif", "b.tif"]),
        ("a.tif;b.tif", ["a.tif", "b.tif"]),
        ("a.tif; with space.tif;", ["a.tif", "with space.tif"]),
        ("with space.tif", ["with space.tif"]),
        ("a.tif 'with space.tif'", ["a.tif", "with space.tif"]),
    ],
)
def test_one_image_or_several(images: list[Path], text: str, names: list[str]) -> None:
    assert demo.split_images(text) == tuple(images[0].parent / name for name in names)


def test_without_data_of_ones_own_the_scene_is_used() -> None:
    assert demo.own_data("", "", "") is None


def test_own_data_is_taken_by_absolute_path(images: list[Path]) -> None:
    data = demo.own_data("a.tif b.tif", "b.tif", "class")
    assert data == demo.Data((images[0], images[1]), images[1], "class")


def test_half_given_data_names_the_other_half(images: list[Path]) -> None:
    with pytest.raises(Failure, match="TRUTH and FIELD missing"):
        demo.own_data("a.tif", "", "")


def test_a_missing_file_is_named(images: list[Path]) -> None:
    with pytest.raises(Failure, match=r"nonesuch\.tif does not exist"):
        demo.own_data("a.tif nonesuch.tif", "b.tif", "class")


def test_the_summary_says_where_and_how_good(tmp_path: Path) -> None:
    text = demo.summary(tmp_path, {"OVERALL_ACCURACY": 0.91234, "KAPPA": 0.9, "F1": 0.8})
    assert str(tmp_path / "map.tif") in text
    assert "overall accuracy 0.912, kappa 0.900, macro F1 0.800" in text

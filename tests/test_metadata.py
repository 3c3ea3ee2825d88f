"""metadata.txt says what QGIS and its plugin repository ask for, and says it as the rest of the repository does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.package import metadata

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def values() -> dict[str, str]:
    return metadata(ROOT)


def test_a_plugin_that_qgis_process_sees(values: dict[str, str]) -> None:
    """`hasProcessingProvider` is the only key that makes a plugin visible to qgis_process."""
    assert values["hasProcessingProvider"] == "yes"


def test_versions_of_qgis(values: dict[str, str]) -> None:
    """3.22 is Debian 12's; a maximum in 4.x is what says "ready for QGIS 4" (`supportsQt6` is gone)."""
    assert values["qgisMinimumVersion"] == "3.22"
    assert values["qgisMaximumVersion"] == "4.99"
    assert "supportsQt6" not in values


def test_the_version_is_the_newest_of_the_changelog(values: dict[str, str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", values["version"])
    headings = re.findall(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert next(heading for heading in headings if heading != "Unreleased") == values["version"]


@pytest.mark.parametrize("key", ["tracker", "repository", "homepage"])
def test_links(values: dict[str, str], key: str) -> None:
    assert values[key].startswith("https://")


def test_mail_and_icon(values: dict[str, str]) -> None:
    assert re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", values["email"])
    assert (ROOT / values["icon"]).is_file()


def test_it_tells_what_is_downloaded(values: dict[str, str]) -> None:
    """Users complain most about what plugins install: the page they decide on has to say it."""
    assert "2 GB" in values["about"]


def test_the_licence_is_the_gpl() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 2, June 1991" in text

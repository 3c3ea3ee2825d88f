"""The rest of the scripts: what counts as a machine's path, how suites sum up, which files hold texts, how help becomes a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import docs, lint, run_tests, translate


@pytest.mark.parametrize(
    "line", ["open('/WORK/main/a')", "see /HOME/anna/data", "/ROOT/.cache", "/TMP/bg/engine", "https://PYPI.org/simple"]
)
def test_one_machines_paths_are_found(line: str) -> None:
    assert lint.MACHINE.search(line.lower())  # in capitals above, lest this file be found


@pytest.mark.parametrize("line", ["a/work/b", "tests/workflows/x", "/usr/bin/python3", "/tmp", "the root/leaf", "github.com/a/b"])
def test_everybodys_paths_are_not(line: str) -> None:
    assert not lint.MACHINE.search(line)


def test_machine_paths_name_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text(f"fine\npath = '/{'root'}/secret'\n")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\xff\xfe")
    (found,) = lint.machine_paths([tmp_path / "a.py", tmp_path / "b.png"])
    assert found.startswith("a.py:2: ")


def test_the_summary_tells_passed_from_failed() -> None:
    endings = [run_tests.Ending("engine", 0, "12 passed in 3 s", 3.0), run_tests.Ending("qgis", 1, "1 failed, 4 passed in 2 s", 2.0)]
    first, second = run_tests.summary(endings).splitlines()
    assert "passed" in first
    assert "FAILED" in second
    assert "1 failed, 4 passed" in second


def test_no_test_is_left_out_of_the_suites() -> None:
    """Each folder that one suite ignores is run by another."""
    suites = run_tests.suites("engine-python", "qgis-python")
    ignored = {path.split("=")[1] for suite in suites for path in suite.paths if path.startswith("--ignore=")}
    assert ignored == {path for suite in suites[1:] for path in suite.paths}
    assert suites[0].paths[0] == "tests"


def test_files_with_texts(tmp_path: Path) -> None:
    (tmp_path / "algorithms" / "model").mkdir(parents=True)
    (tmp_path / "plugin.py").write_text("self.tr('a')")
    (tmp_path / "algorithms" / "model" / "a.py").write_text("self.tr('b')")
    (tmp_path / "algorithms" / "b.py").write_text("nothing, str('a')")
    (tmp_path / "algorithms" / "c.py").write_text("translate('Context', 'c')")
    assert sorted(translate.sources(tmp_path)) == ["algorithms/c.py", "algorithms/model/a.py", "plugin.py"]


def test_languages_there_are_and_languages_asked_for(tmp_path: Path) -> None:
    (tmp_path / "tensorscape_fr.ts").touch()
    assert translate.languages(tmp_path, "de fr") == ["de", "fr"]
    assert translate.languages(tmp_path, "") == ["fr"]


def test_help_becomes_a_page() -> None:
    raw = {"help": "Rows and\ncolumns."}
    help_ = {
        "algorithm_details": {"id": "tensorscape:x", "name": "Do x", "group": "Tools"},
        "parameters": {"SIZE": {"description": "Size", "default_value": 16, "raw_definition": raw}, "IN": {"description": "Image"}},
        "outputs": {"OUTPUT": {"description": "Map"}},
    }
    page = docs.page([(help_, "What it does.")])
    assert "## Do x\n\n`tensorscape:x` · Tools\n\nWhat it does.\n" in page
    assert "| `SIZE` | Size. Rows and columns. | `16` |" in page
    assert "| `IN` | Image |  |" in page
    assert "Outputs: `OUTPUT` (Map)" in page


def test_the_description_is_cut_out_of_the_printed_help() -> None:
    line = "-" * 16
    printed = f"X (tensorscape:x)\n\n{line}\nDescription\n{line}\nOne.\n\nTwo.\n\n{line}\nArguments\n{line}\n\nIN: Image\n"
    assert docs.description(printed) == "One.\n\nTwo."

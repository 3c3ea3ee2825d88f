"""How qgis_process is called and understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import qgis
from scripts.workspace import PLUGIN, ROOT, Failure


def test_lists_are_repeated_parameters() -> None:
    given = qgis.arguments("tensorscape:x", {"SOURCE1": [Path("/a b.tif"), "/c.tif"], "SIZE": 16})
    assert given == ["run", "tensorscape:x", "--SOURCE1=/a b.tif", "--SOURCE1=/c.tif", "--SIZE=16"]


def test_results_are_found_behind_whatever_was_printed_before() -> None:
    assert qgis.results('a warning\n{"log": {}, "results": {"OUTPUT": "/x.tif", "F1": 0.5}}') == {"OUTPUT": "/x.tif", "F1": 0.5}


@pytest.mark.parametrize("output", ["", "no JSON", '{"log": {}}', '{"results":'])
def test_no_results(output: str) -> None:
    assert qgis.results(output) == {}


def test_other_pythons_settings_stay_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "GDAL_DATA", "PROJ_LIB"):
        monkeypatch.setenv(name, "/somewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    variables = qgis.environment(tmp_path, "/engine/python")
    assert not any(name.startswith(qgis.DROPPED) for name in variables)
    assert variables["HTTPS_PROXY"] == "http://proxy:1"
    assert variables["TENSORSCAPE_PYTHON"] == "/engine/python"
    assert variables["QGIS_CUSTOM_CONFIG_PATH"] == str(tmp_path)


def test_debians_wrapper_is_passed_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="Install QGIS"):
        qgis.program()
    for name in ("qgis_process", "qgis_process.bin"):
        (tmp_path / name).touch(0o755)
        assert qgis.program() == str(tmp_path / name)


def test_the_plugin_folder_shows_this_checkout_under_the_plugins_name(tmp_path: Path) -> None:
    stale = tmp_path / PLUGIN
    stale.symlink_to(tmp_path)
    assert qgis.link_plugin(tmp_path) == tmp_path
    assert stale.resolve() == ROOT
    qgis.link_plugin(tmp_path)
    assert (stale / "core" / "jobs" / "wire.py").is_file()

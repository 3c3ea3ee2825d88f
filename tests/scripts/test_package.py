"""The zip is one that QGIS installs and its repository accepts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from scripts import package
from scripts.workspace import ROOT, Failure

METADATA = "[general]\n" + "".join(f"{key}=1.2.3\n" for key in package.REQUIRED)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A tiny plugin with much beside it that must stay outside."""
    root = tmp_path / "checkout"
    for name in (
        "__init__.py", "plugin.py", "LICENSE", "algorithms/a.py", "algorithms/__pycache__/a.pyc", "core/.hidden/x.py", "core/c.so",
        "core/run.sh",
        "resources/icons/a.svg", "resources/workflows/chain.model3", "tests/test_a.py", "scripts/demo.py", "build/x.py", "core/__init__.py",
    ):  # fmt: skip
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "metadata.txt").write_text(METADATA)
    return root


def test_what_is_inside_and_what_is_not(plugin: Path, tmp_path: Path) -> None:
    target = package.build(plugin, tmp_path)
    assert target.name == "tensorscape-1.2.3.zip"
    names = zipfile.ZipFile(target).namelist()
    expected = [
        "__init__.py", "plugin.py", "metadata.txt", "LICENSE", "algorithms/a.py", "core/__init__.py", "resources/icons/a.svg",
        "resources/workflows/chain.model3",
    ]  # fmt: skip
    assert names == [f"tensorscape/{name}" for name in expected]


def test_the_same_files_give_the_same_zip(plugin: Path, tmp_path: Path) -> None:
    first = package.build(plugin, tmp_path).read_bytes()
    (plugin / "plugin.py").touch()
    assert package.build(plugin, tmp_path).read_bytes() == first


@pytest.mark.parametrize("key", package.REQUIRED)
def test_a_missing_key_is_named(plugin: Path, tmp_path: Path, key: str) -> None:
    (plugin / "metadata.txt").write_text(METADATA.replace(f"{key}=1.2.3\n", f"{key}=\n"))
    with pytest.raises(Failure, match=f"without {key}"):
        package.build(plugin, tmp_path)


def test_a_missing_licence_is_named(plugin: Path, tmp_path: Path) -> None:
    (plugin / "LICENSE").unlink()
    with pytest.raises(Failure, match="lacks LICENSE"):
        package.build(plugin, tmp_path)


def test_a_zip_over_the_limit_is_refused(plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "LIMIT_BYTES", 100)
    with pytest.raises(Failure, match="expected at most"):
        package.build(plugin, tmp_path)


def test_this_checkout_makes_a_plugin(tmp_path: Path) -> None:
    names = set(zipfile.ZipFile(package.build(ROOT, tmp_path)).namelist())
    for name in ("metadata.txt", "plugin.py", "core/jobs/wire.py", "algorithms/engine/environment.py", "resources/engine-requirements.txt"):
        assert f"tensorscape/{name}" in names
    assert not any(name.startswith(("tensorscape/tests", "tensorscape/build")) or "__pycache__" in name for name in names)

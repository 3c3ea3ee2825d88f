"""The walls of the house, read from the imports: QGIS on one side, the numeric libraries on the other, files in two places only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STANDARD = set(sys.stdlib_module_names)
PLUGIN = sorted([ROOT / "__init__.py", ROOT / "plugin.py", *(ROOT / "algorithms").rglob("*.py")])
CORE = sorted((ROOT / "core").rglob("*.py"))
CONTRACT = [
    *(ROOT / "core" / f"{name}.py" for name in ("errors", "fields", "paths", "protocol")),
    *sorted((ROOT / "core" / "jobs").glob("*.py")),
]

# Parts of rasterio and fiona that open no file: CRSs, geometry, error classes.
PURE = {f"rasterio.{name}" for name in ("crs", "enums", "errors", "features", "transform", "warp", "windows")} | {
    "fiona.errors",
    "fiona.transform",
}
# Those that import a whole library for another reason than its files, and the reason.
EXCUSED = {
    "core/environment_report.py": "reports versions",
    "core/model/loading/load.py": "rasterio has to be imported before tensorflow",
    "core/sampling/records.py": "writes TensorFlow's own files, on request only",
    "core/model/backend.py": "rasterio has to be imported before tensorflow",
}
HOMES = {
    "rasterio": ("core/raster/",),
    "fiona": ("core/vector.py",),
    "pyogrio": ("core/points.py",),
    "tensorflow": (
        "core/model/",
        "core/training/",
        "core/inference/",
        "core/classification/",
        "core/superresolution/",
        "core/environment_report.py",
    ),
    "keras": ("core/model/", "core/training/", "core/inference/", "core/classification/", "core/superresolution/"),
    "sklearn": ("core/classification/", "core/metrics.py"),
}
# What a package on the disk is called where pip gets it, or gets it with.
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow-cpu",
    "keras": "tensorflow-cpu",
    "google": "tensorflow-cpu",
    "affine": "rasterio",
    "joblib": "scikit-learn",
}


@dataclass(frozen=True)
class Import:
    """One imported module: its full name; for a relative import the name as written and how many dots."""

    file: str
    line: int
    name: str
    level: int

    @property
    def top(self) -> str:
        return self.name.split(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {'.' * self.level}{self.name}"


def imports(path: Path) -> Iterator[Import]:
    """All imports of a file, in functions and under TYPE_CHECKING too. `from a import b` counts as a.b: b may be a module."""
    file = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or node.names[0].name
            yield Import(file, node.lineno, name, node.level)


def everything(paths: list[Path]) -> list[Import]:
    return [found for path in paths for found in imports(path)]


def absolute(paths: list[Path]) -> list[Import]:
    return [found for found in everything(paths) if not found.level]


def listed(crossings: list[Import]) -> str:
    return "\n".join(map(str, crossings))


def test_the_house_is_there() -> None:
    assert len(PLUGIN) > 5
    assert len(CORE) > 20
    assert all(path.is_file() for path in CONTRACT)


def test_the_plugin_imports_only_qgis_and_the_standard_library() -> None:
    crossings = [found for found in absolute(PLUGIN) if found.top not in STANDARD | {"qgis"}]
    assert not crossings, listed(crossings)


def test_the_plugin_takes_only_the_contract_from_the_engine() -> None:
    allowed = {"core", "core.jobs", *(f"core.{path.stem}" for path in CONTRACT if path.parent.name == "core")}
    crossings = [found for found in everything(PLUGIN) if found.level and found.top == "core" and found.name not in allowed]
    assert not crossings, listed(crossings)


def test_the_engine_never_imports_qgis() -> None:
    crossings = [found for found in everything(CORE) if found.top in ("qgis", "osgeo", "PyQt5", "PyQt6", "processing", "algorithms")]
    assert not crossings, listed(crossings)


def test_the_engine_imports_itself_relatively() -> None:
    """It is `core` for the engine and `tensorscape.core` inside QGIS: an absolute import would load it twice, or not at all."""
    crossings = [found for found in absolute(CORE) if found.top in ("core", "tensorscape")]
    assert not crossings, listed(crossings)


def test_the_contract_imports_only_the_standard_library_and_itself() -> None:
    names = {"jobs", *(path.stem for path in CONTRACT)}
    crossings = [found for found in everything(CONTRACT) if found.top not in (names if found.level else STANDARD)]
    assert not crossings, listed(crossings)


@pytest.mark.parametrize("path", [*PLUGIN, *CONTRACT], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_qgis_reads_is_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("library", HOMES)
def test_each_library_has_its_home(library: str) -> None:
    crossings = [
        found
        for found in absolute(CORE)
        if found.top == library and found.name not in PURE and not found.file.startswith(HOMES[library]) and found.file not in EXCUSED
    ]
    assert not crossings, listed(crossings)


def test_files_are_opened_in_two_places() -> None:
    """Even where a library is at home for another reason, `rasterio.open` and `fiona.open` are not."""
    opened = []
    for path in CORE:
        file = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "open" and isinstance(node.value, ast.Name) and node.value.id in HOMES:
                opened.append((node.value.id, file))
    assert {library for library, _ in opened} == {"rasterio", "fiona"}
    assert not [(library, file) for library, file in opened if not file.startswith(HOMES[library])]


def test_the_requirements_name_every_library() -> None:
    lines = (ROOT / "resources" / "engine-requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {re.split(r"[^\w-]", line)[0] for line in lines if line and not line.startswith("#")}
    used = {DISTRIBUTIONS.get(found.top, found.top) for found in absolute(CORE) if found.top not in STANDARD}
    assert not used - required


def loaded_by(statement: str, *names: str) -> set[str]:
    """Which of the named modules a fresh Python has loaded after the statement."""
    code = f"{statement}\nimport sys\nprint(*(set({names!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_contract_loads_nothing_heavy() -> None:
    heavy = ("numpy", "rasterio", "fiona", "pyogrio", "tensorflow", "qgis")
    assert not loaded_by("from core import errors, fields, jobs, paths, protocol", *heavy)


@pytest.mark.parametrize(
    "job",
    [
        "createdemoscene", "classstatistics", "normalize", "selectsamples", "selectsamplesfromlabels", "selectpatches", "extractpatches",
        "assessaccuracy", "trainclassifier", "classifyimage", "comparequality",
    ],
)  # fmt: skip
def test_sampling_never_pays_for_tensorflow(job: str) -> None:
    statement = f"import importlib\nfrom core import worker\nimportlib.import_module(worker.RUNNERS[{job!r}], 'core')"
    assert not loaded_by(statement, "tensorflow", "keras")

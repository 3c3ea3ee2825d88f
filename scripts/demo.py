"""From an image and polygons to a land-cover map, all through qgis_process: `make demo`.

With the demo scene, which it makes, or with one's own data: make demo IMAGE="a.tif b.tif" TRUTH=polygons.gpkg FIELD=class.
Every step is the command that a user would type, and is printed as such.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from . import qgis, setup
from .chain import Chain
from .workspace import BUILD, ROOT, Failure, guarded, say

PATCH_SIZE = 16  # what both CNNs of the gallery take
VALIDATION_SHARE = 0.3
DEMO_BLOCK_M = 640.0  # four patches: training and validation share no pixel but at the blocks' edges


@dataclass(frozen=True)
class Data:
    """What a map is made from. `block`: side of the areas that go whole to training or to validation, map units; 0: each polygon."""

    images: tuple[Path, ...]
    truth: Path
    field: str
    block: float = 0.0


@dataclass(frozen=True)
class Options:
    """How much work: scene size in pixels, epochs, samples a class; the seed of all that is random."""

    size: int = 768
    epochs: int = 40
    samples: int = 1000
    seed: int = 0


def split_images(text: str) -> tuple[Path, ...]:
    """The files in `IMAGE=…`: separated by semicolons or, as the shell does it, by spaces; a name that exists is never split."""
    if ";" in text:
        names = [name.strip() for name in text.split(";")]
    else:
        names = [text] if os.path.exists(text) else shlex.split(text)
    return tuple(Path(name).resolve() for name in names if name)


def own_data(image: str, truth: str, field: str) -> Optional[Data]:
    """The user's own data, or None where he gave none.

    Raises:
        Failure: something is missing; says what.
    """
    if not (image or truth or field):
        return None
    missing = [name for name, value in (("IMAGE", image), ("TRUTH", truth), ("FIELD", field)) if not value]
    if missing:
        raise Failure(f"{' and '.join(missing)} missing: give IMAGE=… TRUTH=… FIELD=…, or none of them for the demo scene.")
    data = Data(split_images(image), Path(truth).resolve(), field)
    for path in (*data.images, data.truth):
        if not path.exists():
            raise Failure(f"{path} does not exist.")
    return data


def make_scene(chain: Chain, folder: Path, options: Options) -> Data:
    """The demo scene: a made-up landscape with exact truth."""
    scene = folder / "scene"
    made = chain.run("createdemoscene", {"SIZE": options.size, "SEED": options.seed, "OUTPUT": scene})
    return Data((Path(made["IMAGE10"]),), Path(made["TRUTH"]), "class", DEMO_BLOCK_M)


def make_map(chain: Chain, data: Data, steps: Path, out: Path, options: Options) -> dict[str, Any]:
    """The chain: samples, patches, model, training, map, picture. Returns what the training reports."""
    samples = _select(chain, data, steps, options)
    patches = {side: _extract(chain, data, points, steps, side) for side, points in samples.items()}
    untrained, trained = steps / "untrained", steps / "model"
    chain.run(
        "createmodel",
        {"ARCHITECTURE": "cnn16bn", **_counts(patches["training"]), "SEED": options.seed, "OUTPUT": untrained},
    )
    training: dict[str, qgis.Value] = {
        "MODEL": untrained,
        "SOURCE1": steps / "training.tif",
        "LABELS": steps / "training_labels.tif",
        "SOURCE1_VALIDATION": steps / "validation.tif",
        "LABELS_VALIDATION": steps / "validation_labels.tif",
        "EPOCHS": options.epochs,
        "BALANCE_CLASSES": "true",
        "AUGMENT": "true",
        "SEED": options.seed,
        "OUTPUT": trained,
        "OUTPUT_HTML": out / "training.html",
    }
    report = chain.run("trainmodel", training)
    chain.run(
        "servemodel",
        {"SOURCE1": list(data.images), "MODEL": trained, "OUTPUT": out / "map.tif", "PROBABILITIES": out / "probabilities.tif"},
    )
    picture = {"truth": data.truth, "field": data.field, "map": out / "map.tif", "output": out / "picture.png"}
    chain.run_job({"job": "drawmap", "images": [str(path) for path in data.images], **{name: str(path) for name, path in picture.items()}})
    return report


def _select(chain: Chain, data: Data, steps: Path, options: Options) -> dict[str, Path]:
    points = {"training": steps / "training.gpkg", "validation": steps / "validation.gpkg"}
    parameters: dict[str, qgis.Value] = {
        "INPUT": data.images[0],
        "TRUTH": data.truth,
        "FIELD": data.field,
        "STRATEGY": "constant",
        "NUMBER": options.samples,
        "VALIDATION_SHARE": VALIDATION_SHARE,
        "SPATIAL_BLOCK": data.block,
        "SEED": options.seed,
        "OUTPUT": points["training"],
        "OUTPUT_VALIDATION": points["validation"],
    }
    chain.run("selectsamples", parameters)
    return points


def _extract(chain: Chain, data: Data, points: Path, steps: Path, side: str) -> dict[str, Any]:
    parameters: dict[str, qgis.Value] = {
        "SOURCE1": list(data.images),
        "PATCH_SIZE1_X": PATCH_SIZE,
        "PATCH_SIZE1_Y": PATCH_SIZE,
        "POINTS": points,
        "FIELD": data.field,
        "OUTPUT1": steps / f"{side}.tif",
        "OUTPUT_LABELS": steps / f"{side}_labels.tif",
        "REJECTED": steps / f"{side}_rejected.gpkg",
    }
    return chain.run("extractpatches", parameters)


def _counts(patches: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(patches[name]) for name in ("BANDS", "CLASSES")}


def summary(out: Path, report: Mapping[str, Any]) -> str:
    """What was made, where it is, and how good it is."""
    made = {"Map": "map.tif", "Class probabilities": "probabilities.tif", "Picture": "picture.png", "Training report": "training.html"}
    lines = [f"  {title + ':':<21}{out / name}" for title, name in made.items()]
    figures = [f"{title} {report[name]:.3f}" for title, name in _FIGURES.items() if name in report]
    return "\n".join([*lines, f"  {'Accuracy:':<21}{', '.join(figures)} (validation samples, kept apart in space)"])


_FIGURES = {"overall accuracy": "OVERALL_ACCURACY", "kappa": "KAPPA", "macro F1": "F1"}


def main(given: Optional[Sequence[str]] = None) -> int:
    """Make the map. Settings come from the command line or, through `make`, from the environment."""
    parser = argparse.ArgumentParser(description="From an image and polygons to a land-cover map.")
    for name, default in (("IMAGE", ""), ("TRUTH", ""), ("FIELD", ""), ("OUT", str(BUILD / "demo"))):
        parser.add_argument(f"--{name.lower()}", default=os.environ.get(name) or default)
    defaults = Options()
    for name in ("size", "epochs", "samples", "seed"):
        parser.add_argument(f"--{name}", type=int, default=os.environ.get(name.upper()) or getattr(defaults, name))
    chosen = parser.parse_args(given)
    options = Options(chosen.size, chosen.epochs, chosen.samples, chosen.seed)
    out = Path(chosen.out).resolve()
    data = own_data(chosen.image, chosen.truth, chosen.field)
    engine = setup.engine_python()
    qgis.enable(qgis.PROFILE, engine)
    steps = out / "steps"
    chain = Chain(steps, engine, (*data.images, data.truth) if data else ())
    say(_preamble(engine))
    report = make_map(chain, data or make_scene(chain, out, options), steps, out, options)
    say(f"\n{summary(out, report)}")
    return 0


def _preamble(engine: str) -> str:
    variables = {"QGIS_PLUGINPATH": qgis.PLUGIN_FOLDER, "QGIS_CUSTOM_CONFIG_PATH": qgis.PROFILE, "TENSORSCAPE_PYTHON": engine}
    settings = " ".join(f"{name}={value}" for name, value in variables.items())
    return f"Each step is a command that you can run yourself, in {ROOT}, with\n    export QT_QPA_PLATFORM=offscreen {settings}"


if __name__ == "__main__":
    sys.exit(guarded(main))

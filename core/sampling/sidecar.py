"""What a patch image cannot say of itself, in a JSON file beside it (`<image>.json`): positions, CRS, bands, statistics, classes."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

from ..classes import LandClass
from ..errors import CannotRead
from ..partial import replacing

PATCHES, LABELS, TARGETS = "patches", "labels", "targets"


@dataclass(frozen=True)
class PatchSidecar:
    """Goes with an image of `count` patches, stacked in rows: [count · height, width, bands].

    Attributes:
        kind: "patches" of a source, their "labels" (codes of classes) or "targets" (measurements).
        height, width: of a patch, in pixels.
        bands: their names.
        positions: (x, y) of each sample, in the CRS `crs` (WKT, empty if unknown).
        spacing: of the source's pixels on the map, (across, down).
        images: paths of the source.
        classes: of the labels; the codes are the values in the label image.
        mean, std, minimum, maximum: of each band, over all patches; not of classes.
    """

    kind: str
    count: int
    height: int
    width: int
    bands: tuple[str, ...]
    positions: tuple[tuple[float, float], ...] = ()
    crs: str = ""
    spacing: tuple[float, float] = (1.0, 1.0)
    images: tuple[str, ...] = ()
    classes: tuple[LandClass, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    minimum: tuple[float, ...] = ()
    maximum: tuple[float, ...] = ()


def sidecar_path(image: str) -> str:
    """Where the sidecar of an image is."""
    return f"{image}.json"


def write(image: str, sidecar: PatchSidecar) -> None:
    """Write the sidecar of an image."""
    values = {field.name: getattr(sidecar, field.name) for field in fields(sidecar)}
    values["classes"] = [land_class.to_plain() for land_class in sidecar.classes]
    with replacing(sidecar_path(image)) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(json.dumps({"tensorscape": 1, **values}, ensure_ascii=False, allow_nan=False))  # json.dump is ten times slower


def read(image: str) -> PatchSidecar | None:
    """The sidecar of an image; None if there is none, or a JSON file of another program's.

    Raises:
        CannotRead: it is damaged.
    """
    path = sidecar_path(image)
    try:
        with open(path, encoding="utf-8") as file:
            values: Any = json.load(file)
        return _from_plain(values) if isinstance(values, dict) and "tensorscape" in values else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Extract the patches again, or remove the file."
        raise CannotRead(f"{path} is damaged ({error})", expected="the sidecar of a patch image", remedy=remedy) from error


def _from_plain(values: dict[str, Any]) -> PatchSidecar:
    known = {field.name for field in fields(PatchSidecar)}
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name in known}
    plain["classes"] = tuple(LandClass.from_plain(item) for item in plain.get("classes", ()))
    plain["positions"] = tuple((float(x), float(y)) for x, y in plain.get("positions", ()))
    return PatchSidecar(**plain)

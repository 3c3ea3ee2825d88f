"""Vector files: features are read one after another, in the CRS asked for, and written in batches. The only place that opens them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any

import fiona
from fiona.errors import FionaError
from rasterio.crs import CRS
from rasterio.errors import CRSError

from .errors import BadParameter, BadTruth, CannotRead
from .partial import replacing, write_error
from .reprojection import Geometry, reproject

INT, FLOAT, TEXT = "int", "float", "text"
BATCH = 1000  # features that are reprojected or written at once
_KINDS = {"int": INT, "int16": INT, "int32": INT, "int64": INT, "bool": INT, "float": FLOAT}
_SCHEMA_TYPES = {INT: "int64", FLOAT: "float", TEXT: "str"}
_RESERVED = ("fid", "geom")  # columns of a GeoPackage's own
_FAILURES = (FionaError, OSError, RuntimeError)  # fiona raises all three for what GDAL refuses


@dataclass(frozen=True)
class Feature:
    """One feature. `fid`: its id in its file; `geometry`: None where it has none; `attributes`: by field name."""

    fid: int
    geometry: Geometry | None
    attributes: dict[str, Any]


class VectorReader:
    """A layer of a vector file, as a stream of features. Use as a context manager.

    Args:
        path: anything that OGR opens.
        layer: empty for the only layer, or the first of several.

    Raises:
        CannotRead: the file or the layer is missing, or is no vector file.
    """

    def __init__(self, path: str, layer: str = "") -> None:
        self.path = path
        self._file = _open(path, layer)
        self.fields: dict[str, str] = {name: _kind(kind) for name, kind in self._file.schema["properties"].items()}
        self.crs = _crs(self._file.crs_wkt)
        self.geometry_type: str = self._file.schema["geometry"]
        self.name: str = self._file.name

    def __len__(self) -> int:
        return max(len(self._file), 0)

    def check_field(self, name: str) -> None:
        """Raises:
        BadTruth: the layer has no such field; names those that it has.
        """
        if name not in self.fields:
            known = ", ".join(self.fields) or "no field at all"
            raise BadTruth(
                f"{self.path} has no field {name!r}", expected=f"one of {known}", remedy="Choose the field that holds the class."
            )

    def features(self, crs: CRS | None = None, fields: Sequence[str] | None = None) -> Iterator[Feature]:
        """All features in the order of the file, reprojected to `crs` where the file's own CRS is known and another.

        A feature that cannot be placed there (beyond a pole, say) comes without geometry.

        Args:
            fields: the attributes that are wanted; None: all, which takes longer.
        """
        wanted = list(self.fields) if fields is None else fields
        records = iter(self._file)
        target = None if crs is None or self.crs is None or crs == self.crs else crs.to_wkt()
        while batch := self._next(records):
            geometries = [_geometry(record.geometry) for record in batch]
            if target is not None:
                geometries = reproject(geometries, self._file.crs_wkt, target)
            for record, geometry in zip(batch, geometries, strict=True):
                properties = record.properties
                yield Feature(int(record.id), geometry, {name: properties[name] for name in wanted})

    def _next(self, records: Iterator[Any]) -> list[Any]:
        try:
            return list(islice(records, BATCH))
        except _FAILURES as error:
            raise CannotRead(f"{self.path} is damaged", received=str(error)) from error

    def __enter__(self) -> VectorReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


class VectorWriter:
    """A GeoPackage in the making: one layer, complete or not at all. Use as a context manager.

    Args:
        path: ends in .gpkg.
        geometry: "Point", "LineString", "Polygon", …; "Unknown" takes any.
        fields: name → INT, FLOAT or TEXT. Names that GeoPackage keeps for itself (fid, geom) or that differ only in
            case get a number; `write` still takes the names given here.
        crs: None for none.
    """

    def __init__(self, path: str, geometry: str, fields: Mapping[str, str], crs: CRS | None) -> None:
        if not path.lower().endswith(".gpkg"):
            raise BadParameter("Output layer", expected="a name that ends in .gpkg", received=path)
        self.path, self.count = path, 0
        self._columns = column_names(fields)
        self._types = {self._columns[name]: _SCHEMA_TYPES[kind] for name, kind in fields.items()}
        self._schema = {"geometry": geometry, "properties": self._types}
        self._crs_wkt = crs.to_wkt() if crs else ""
        self._batch: list[dict[str, Any]] = []
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> VectorWriter:
        with contextlib.ExitStack() as exits:
            temporary = exits.enter_context(replacing(self.path))
            layer = os.path.splitext(os.path.basename(self.path))[0]
            try:
                self._file = fiona.open(temporary, "w", driver="GPKG", layer=layer, schema=self._schema, crs_wkt=self._crs_wkt)
            except _FAILURES as error:
                raise write_error(self.path, OSError(0, str(error))) from error
            exits.callback(self._close)
            self._exits = exits.pop_all()
        return self

    def write(self, geometry: Geometry | None, attributes: Mapping[str, Any]) -> None:
        """Add one feature. Fields that `attributes` does not name stay empty; values of other types go into text fields as text."""
        properties = {column: _plain(attributes.get(name), self._types[column]) for name, column in self._columns.items()}
        self._batch.append({"type": "Feature", "geometry": geometry, "properties": properties})
        self.count += 1
        if len(self._batch) >= BATCH:
            self._flush()

    def write_points(self, positions: Iterable[tuple[float, float]], attributes: Mapping[str, Any]) -> None:
        """Add points (x, y) that share their attributes."""
        for position in positions:
            self.write({"type": "Point", "coordinates": position}, attributes)

    def _flush(self) -> None:
        try:
            self._file.writerecords(self._batch)
        except _FAILURES as error:
            raise write_error(self.path, OSError(0, str(error))) from error
        self._batch.clear()

    def _close(self) -> None:
        try:
            self._file.close()
        except _FAILURES as error:
            raise write_error(self.path, OSError(0, str(error))) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            try:
                self._flush()
            except BaseException as failure:
                self._exits.__exit__(type(failure), failure, None)
                raise
            _remove_journals(self.path)
        self._exits.__exit__(kind, error, trace)


def column_names(names: Iterable[str]) -> dict[str, str]:
    """For each name, the column of a GeoPackage that holds it: itself, or with a number where it is reserved or taken (case aside)."""
    columns: dict[str, str] = {}
    taken = set(_RESERVED)
    for name in names:
        column, number = name, 1
        while column.lower() in taken:
            column, number = f"{name}_{number}", number + 1
        taken.add(column.lower())
        columns[name] = column
    return columns


def _open(path: str, layer: str) -> Any:
    try:
        if layer and layer not in (known := fiona.listlayers(path)):
            raise CannotRead(f"{path} has no layer {layer!r}", expected=f"one of {', '.join(known)}")
        return fiona.open(path, layer=layer or None)
    except _FAILURES as error:
        what = f"Cannot read {path}" if os.path.exists(path) or path.startswith("/vsi") else f"{path or 'The vector layer'} does not exist"
        raise CannotRead(what, expected="a vector layer", received=str(error)) from error


def _geometry(geometry: Any) -> Geometry | None:
    """As plain values: fiona's own objects take their time at every look."""
    if geometry is None:
        return None
    if geometry.type == "GeometryCollection":
        return {"type": geometry.type, "geometries": [_geometry(part) for part in geometry.geometries]}
    return {"type": geometry.type, "coordinates": geometry.coordinates}


def _kind(schema_type: str) -> str:
    return _KINDS.get(schema_type.split(":")[0], TEXT)


def _crs(wkt: str) -> CRS | None:
    try:
        return CRS.from_wkt(wkt) if wkt else None
    except CRSError:
        return None


def _plain(value: Any, schema_type: str) -> Any:
    return str(value) if value is not None and schema_type == "str" and not isinstance(value, str) else value


def _remove_journals(path: str) -> None:
    """SQLite's journals of an earlier file of this name, which a program that showed it may have left, would spoil the new one."""
    for suffix in ("-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            os.remove(path + suffix)

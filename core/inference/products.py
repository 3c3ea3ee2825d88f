"""The rasters that serving writes: which outputs go into which file, with which type, names, classes and no-data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..classes import class_type
from ..errors import BadParameter
from ..model.contract import Contract, OutputSpec
from ..model.load import LoadedModel
from ..raster.writer import Bands


@dataclass(frozen=True)
class Layer:
    """One output as it stands in a file: its name, channels, type and what the contract says of it."""

    name: str
    channels: int
    dtype: np.dtype
    spec: OutputSpec | None


@dataclass(frozen=True)
class OutputFile:
    """A raster to write: its layers, stacked, and what its bands are."""

    path: str
    layers: tuple[Layer, ...]
    bands: Bands

    @classmethod
    def of(cls, path: str, layers: Sequence[Layer]) -> OutputFile:
        """The file of these layers."""
        return cls(path, tuple(layers), describe(layers))

    def block(self, outputs: Mapping[str, np.ndarray] | None, valid: np.ndarray) -> np.ndarray:
        """One block: (rows, cols, bands) in the file's type, no-data where nothing is valid or (None) nothing was computed."""
        nodata = np.asarray(0 if self.bands.nodata is None else self.bands.nodata, self.bands.dtype)
        if outputs is None:
            return np.full((*valid.shape, len(self.bands.names)), nodata)
        block = np.concatenate([outputs[layer.name] for layer in self.layers], axis=2).astype(self.bands.dtype, copy=False)
        return block if self.bands.nodata is None or valid.all() else np.where(valid[:, :, np.newaxis], block, nodata)


def choose_outputs(wanted: Sequence[str], model: LoadedModel, contract: Contract | None) -> tuple[str, ...]:
    """The outputs of the model that a product asks for, by their name in the signature or in the graph, or by their kind in the contract;
    none named: the model's main one.

    Raises:
        BadParameter: the model has no output of that name, or one that is no number; names those that it has.
    """
    available = {spec.name: spec.dtype for spec in model.outputs}
    kinds = {output.kind: output.name for output in reversed(contract.outputs)} if contract else {}
    main = contract.outputs[0].name if contract else next(iter(available))
    found = (model.output_named(name) for name in wanted or (main,))
    names = tuple(name if name in available else kinds.get(name, name) for name in found)
    for name in names:
        if name not in available:
            raise BadParameter("Output of the model", expected="one of " + ", ".join(available), received=name)
        if available[name].kind not in "biuf":
            raise BadParameter(f"Output {name} of the model", expected="numbers", received=f"values of type {available[name]}")
    return names


def describe(layers: Sequence[Layer]) -> Bands:
    """Type, names, no-data and classes of a file that holds these layers, stacked."""
    if len(layers) == 1 and layers[0].channels == 1 and layers[0].spec and layers[0].spec.classes:
        return _class_map(layers[0].spec)
    dtype = np.result_type(*(layer.dtype for layer in layers))
    names = tuple(name for layer in layers for name in _names(layer))
    if dtype == np.bool_ or dtype == np.float16:
        dtype = np.dtype("uint8" if dtype == np.bool_ else "float32")
    return Bands(dtype.name, names, nodata=_nodata(dtype))


def _class_map(spec: OutputSpec) -> Bands:
    codes = [c.code for c in spec.classes]
    dtype, nodata = class_type(codes)
    return Bands(dtype, spec.bands or (spec.name,), nodata=nodata, classes=spec.classes)


def _names(layer: Layer) -> tuple[str, ...]:
    if layer.spec and len(layer.spec.bands) == layer.channels:
        return layer.spec.bands
    return (layer.name,) if layer.channels == 1 else tuple(f"{layer.name}_{i}" for i in range(1, layer.channels + 1))


def _nodata(dtype: np.dtype) -> float:
    if np.issubdtype(dtype, np.floating):
        return float("nan")
    limits = np.iinfo(dtype)
    return float(limits.min if limits.min < 0 else limits.max)

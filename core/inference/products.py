"""The rasters that serving writes: which outputs go into which file, with which type, names, classes and no-data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadParameter
from ..jobs import Product
from ..model.contract import Contract
from ..model.geometry.margins import main_output
from ..raster.source import Source
from ..raster.writer import Bands
from .likeness import Likeness, likeness
from .storage import Layer, Storage, choose_storage
from .tally import Tally

if TYPE_CHECKING:  # it imports TensorFlow, which pixels alone do not need
    from ..model.loading.load import LoadedModel


@dataclass(frozen=True)
class OutputFile:
    """A raster to write: its layers, stacked, how they stand in it, and what its bands are."""

    product: Product
    layers: tuple[Layer, ...]
    storages: tuple[Storage, ...]
    bands: Bands

    @classmethod
    def of(cls, product: Product, layers: Sequence[Layer], gaps: bool = True, sources: Sequence[Source] = ()) -> OutputFile:
        """The file of a product; `gaps`: whether an output pixel may lack data; `sources`: of one that is to be as a source.

        Raises:
            BadParameter: the pixel type that the user asks for does not suit.
        """
        like = likeness(sources, sum(layer.channels for layer in layers)) if product.as_source else None
        storages = choose_storage(layers, product, gaps, like)
        return cls(product, tuple(layers), storages, describe(layers, storages, like))

    def block(self, outputs: Mapping[str, np.ndarray] | None, valid: np.ndarray, tally: Tally | None = None) -> np.ndarray:
        """One block: (rows, cols, bands) in the file's type, no-data where nothing is valid or (None) nothing was computed."""
        if outputs is None:
            nodata = 0 if self.bands.nodata is None else self.bands.nodata
            return np.full((*valid.shape, len(self.bands.names)), nodata, self.bands.dtype)
        encoded = [storage.encode(outputs[layer.name], valid) for layer, storage in zip(self.layers, self.storages, strict=True)]
        parts = [pixels for pixels, _ in encoded]
        if tally:
            tally.clip(sum(clipped for _, clipped in encoded), int(np.count_nonzero(valid)) * len(self.bands.names))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)

    @property
    def path(self) -> str:
        """Where it is written."""
        return self.product.path

    def in_words(self) -> str:
        """How the values stand in the file, for the log."""
        pairs = zip(self.layers, self.storages, strict=True)
        ways = dict.fromkeys(storage.in_words(layer.dtype, self.product.scale) for layer, storage in pairs)
        return f"{os.path.basename(self.path)}: {'; '.join(ways)}."


def choose_outputs(wanted: Sequence[str], model: LoadedModel, contract: Contract | None) -> tuple[str, ...]:
    """The outputs of the model that a product asks for, by their name in the signature or in the graph, or by their kind in the contract;
    none named: the model's main one.

    Raises:
        BadParameter: the model has no output of that name, or one that is no number; names those that it has.
    """
    available = {spec.name: spec.dtype for spec in model.outputs}
    kinds = {output.kind: output.name for output in reversed(contract.outputs)} if contract else {}
    main = contract.outputs[0].name if contract else main_output(model)
    found = (model.output_named(name) for name in wanted or (main,))
    names = tuple(name if name in available else kinds.get(name, name) for name in found)
    for name in names:
        if name not in available:
            raise BadParameter("Output of the model", expected="one of " + ", ".join(available), received=name)
        if available[name].kind not in "biuf":
            raise BadParameter(f"Output {name} of the model", expected="numbers", received=f"values of type {available[name]}")
    return names


def describe(layers: Sequence[Layer], storages: Sequence[Storage], like: Likeness | None = None) -> Bands:
    """Type, names, no-data, scales and classes of a file that holds these layers, stacked."""
    first, spec = storages[0], layers[0].spec
    names = tuple(name for layer in layers for name in _names(layer))
    if len(layers) == 1 and layers[0].channels == 1 and spec and layers[0].codes:
        return Bands(first.dtype.name, names, first.nodata, spec.classes)
    if like:
        names = like.names or names
        return Bands(first.dtype.name, names, first.nodata, scales=like.scales, offsets=like.offsets, colours=like.colours)
    each = [storage for layer, storage in zip(layers, storages, strict=True) for _ in range(layer.channels)]
    scales, offsets = tuple(storage.scale for storage in each), tuple(storage.offset for storage in each)
    return Bands(first.dtype.name, names, first.nodata, scales=scales, offsets=offsets)


def _names(layer: Layer) -> tuple[str, ...]:
    if layer.spec and len(layer.spec.bands) == layer.channels:
        return layer.spec.bands
    return (layer.name,) if layer.channels == 1 else tuple(f"{layer.name}_{i}" for i in range(1, layer.channels + 1))

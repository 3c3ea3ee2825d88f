"""All patches of one image as one map: what dense evaluation (core/model/dense/evaluation.py) computes with instead of patches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import gcd
from typing import Any

import numpy as np

from ..backend import tf
from ..loading.frozen import FrozenGraph

Pair = tuple[int, int]  # (rows, cols)


class NotDense(Exception):
    """The model cannot be evaluated densely; the message says which operation stands against it."""


@dataclass(frozen=True)
class PatchMap:
    """All patches' values of one tensor in one map.

    Attributes:
        values: D, [1, rows, cols, channels].
        size: of the tensor in one patch.
        step: p, from one patch to the next, in elements of D.
        dilation: d, from one element of the tensor to the next, in elements of D.
        count: of patches down and across (for uneven places: of all elements of D from the first to the last of them).
        places: rows and columns of D that are wanted; None for every `step`-th one.
        spread: dilation of the convolution to come, where the graph spells it as batches of every n-th pixel (SpaceToBatchND).
        flat: the tensor is [patches, size · channels]: a flatten, or what follows one.
    """

    values: Any
    size: Pair
    step: Pair
    dilation: Pair
    count: tuple[Any, Any]
    places: tuple[Any, Any] | None = None
    spread: Pair = (1, 1)
    flat: bool = False


@dataclass(frozen=True)
class FlatJoin:
    """Flattened tensors of different sizes, put side by side: what a dense layer of several branches takes."""

    parts: tuple[PatchMap, ...]


Result = PatchMap | FlatJoin


class Operands:
    """The inputs of an operation: maps, and constants."""

    def __init__(self, graph: FrozenGraph, maps: Mapping[str, Result]) -> None:
        self._graph, self._maps = graph, maps

    def parts(self, tensor: Any) -> tuple[PatchMap, ...]:
        """The maps that a tensor consists of; none for a constant."""
        found = self._maps.get(tensor.name)
        return found.parts if isinstance(found, FlatJoin) else (found,) if found else ()

    def map(self, tensor: Any) -> PatchMap | None:
        """The map of a tensor; None for a constant."""
        parts = self.parts(tensor)
        if len(parts) > 1 or (parts and parts[0].flat and parts[0].size != (1, 1)):
            raise NotDense("a flatten of several elements is no dense layer's")
        return parts[0] if parts else None

    def constant(self, tensor: Any) -> np.ndarray:
        """The value of a constant."""
        if not self._graph.is_constant(tensor):
            raise NotDense(f"{tensor.op.name} depends on the patches")
        return self._graph.values([tensor])[0]


def windowed(source: PatchMap, kernel: Pair, strides: Pair, dilations: Pair, run: Callable[[Any, Pair, Pair], Any]) -> PatchMap:
    """A convolution or pooling without padding, on a map. `run` does it, given the map, strides and dilations."""
    inner = tuple((k - 1) * e for k, e in zip(kernel, dilations, strict=True))
    size = tuple((n - reach - 1) // s + 1 for n, reach, s in zip(source.size, inner, strides, strict=True))
    if min(size) < 1:
        raise NotDense("a kernel is larger than what it is applied to")
    shared = tuple(gcd(p, d * s) for p, d, s in zip(source.step, source.dilation, strides, strict=True))
    spread = tuple(d * e for d, e in zip(source.dilation, dilations, strict=True))
    values = run(source.values, shared, spread)  # type: ignore[arg-type]
    step = tuple(p // g for p, g in zip(source.step, shared, strict=True))
    dilation = tuple(d * s // g for d, s, g in zip(source.dilation, strides, shared, strict=True))
    return trimmed(PatchMap(values, size, step, dilation, source.count, source.places, source.spread))  # type: ignore[arg-type]  # pairs


def cropped(source: PatchMap, rows: range, cols: range) -> PatchMap:
    """Some neighbouring rows and columns of the tensor.

    Raises:
        NotDense: there are none.
    """
    if not rows or not cols:
        raise NotDense("nothing is left of a patch that is cropped")
    first = rows.start * source.dilation[0], cols.start * source.dilation[1]
    return trimmed(replace(source, values=source.values[:, first[0] :, first[1] :, :], size=(len(rows), len(cols))))


def trimmed(result: PatchMap) -> PatchMap:
    """Without the elements that belong to no patch: a stride that does not divide a patch leaves some at its end."""
    per_axis = zip(result.count, result.step, result.size, result.dilation, strict=True)
    rows, cols = ((count - 1) * step + (size - 1) * dilation + 1 for count, step, size, dilation in per_axis)
    return replace(result, values=result.values[:, :rows, :cols, :])


def single(result: PatchMap) -> PatchMap:
    """A tensor of one element a patch, as the map of all patches and nothing between them: [1, patches down, patches across, channels]."""
    values = element(result, 0, 0)
    count = result.count if result.places is None else (tf.size(result.places[0]), tf.size(result.places[1]))
    return PatchMap(values, (1, 1), (1, 1), (1, 1), count, flat=result.flat)


def element(result: PatchMap, row: int, col: int) -> Any:
    """One element of the tensor for all patches: [1, patches down, patches across, channels]."""
    values = result.values[:, row * result.dilation[0] :, col * result.dilation[1] :, :]
    if result.places is not None:
        return tf.gather(tf.gather(values, result.places[0], axis=1), result.places[1], axis=2)
    (down, across), (rows, cols) = result.step, result.count
    return values[:, : (rows - 1) * down + 1 : down, : (cols - 1) * across + 1 : across, :]

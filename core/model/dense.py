"""Dense evaluation: a patch-based model over a whole block at once, with the same values for a small fraction of the work.

Served at every pixel, a patch model computes almost everything many times over. The values that it computes inside all
patches stand in one map *D* for each of its tensors: element i of the tensor for patch y is

    D[y·p + i·d]        p: step from patch to patch, d: dilation, both in elements of D, along each axis

At the input, p is the step of the patches in pixels and d = 1. A convolution or pooling of stride s makes d·s of d; of the
elements of D only every g-th is needed then, g = gcd(p, d·s), so it runs with stride g and dilation d, and p and d shrink by g.
(Sliding by one pixel: strides become dilations. Sliding by the model's own stride: the plain network.) Where a tensor has
become one element a patch, D *is* the batch of patches, and the rest of the graph runs on it unchanged.

The idea is that of Giusti et al., *Fast image scanning with deep max-pooling convolutional neural networks* (ICIP 2013), in
the form of dilations as in Yu & Koltun, *Multi-scale context aggregation by dilated convolutions* (ICLR 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .backend import tf
from .dense_rules import RULES, NotDense, Operands, Pair, PatchMap
from .frozen import FrozenGraph

MOST_FLAT = 1024  # values of a patch that are put side by side
Starts = Sequence[Any]  # integers: first row of every patch of a line of patches down, and first column of one across


@dataclass(frozen=True)
class PatchGrid:
    """How one source is cut into patches: their size, and the step from one to the next, in pixels; None for one that is not even."""

    size: Pair
    step: Pair | None


def densify(
    graph: FrozenGraph, grids: Mapping[str, PatchGrid], outputs: Sequence[str]
) -> Callable[[Mapping[str, np.ndarray], Mapping[str, Starts]], dict[str, Any]]:
    """A function from one window a source, [1, rows, cols, bands], and the starts of the patches in it, both by input name, to the
    outputs of all patches, as if these were one batch in the order of rows.

    Raises:
        NotDense: an operation mixes the elements of a patch in a way that has no dense form.
    """
    names = sorted(grids)
    windows = [tf.TensorSpec([1, None, None, graph.inputs[name].shape[-1]], graph.inputs[name].dtype) for name in names]
    places = [tf.TensorSpec([None], tf.int32) for _ in range(2 * len(names))]

    @tf.function(input_signature=[windows, places], autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def evaluate(windows: list[Any], places: list[Any]) -> dict[str, Any]:
        sources = {name: _Source(windows[i], grids[name], (places[2 * i], places[2 * i + 1])) for i, name in enumerate(names)}
        batches = _Rewriter(graph, sources).batches()
        wanted = [graph.outputs[name].name for name in outputs]
        results = tf.graph_util.import_graph_def(graph.definition(), input_map=batches, return_elements=wanted, name="")
        return dict(zip(outputs, results, strict=True))

    concrete = evaluate.get_concrete_function()

    def call(arrays: Mapping[str, np.ndarray], starts: Mapping[str, Starts]) -> dict[str, Any]:
        tensors = [tf.convert_to_tensor(arrays[name]) for name in names]
        return concrete(tensors, [tf.convert_to_tensor(axis, tf.int32) for name in names for axis in starts[name]])

    return call


@dataclass(frozen=True)
class _Source:
    window: Any
    grid: PatchGrid
    places: tuple[Any, Any]  # where patches start, for a grid that is not even

    @property
    def map(self) -> PatchMap:
        """The patches at the input. Those of an uneven grid are computed at every pixel, and picked at the end."""
        even = self.grid.step is not None
        count = tuple(tf.size(axis) if even else axis[-1] + 1 for axis in self.places)
        return PatchMap(self.window, self.grid.size, self.grid.step or (1, 1), (1, 1), count, None if even else self.places)

    @property
    def count(self) -> Any:
        """Number of patches, down times across."""
        return tf.size(self.places[0]) * tf.size(self.places[1])


class _Rewriter:
    """Walks the graph from its inputs as far as patches have more than one element."""

    def __init__(self, graph: FrozenGraph, sources: Mapping[str, _Source]) -> None:
        self._graph, self._sources = graph, sources
        self._maps: dict[str, PatchMap] = {}
        self._batches: dict[str, Any] = {}

    def batches(self) -> dict[str, Any]:
        """Values, as batches of patches, for the tensors (by name) from which on the graph runs unchanged."""
        for name, source in self._sources.items():
            self._settle(self._graph.inputs[name], source.map)
        for operation in self._graph.operations:
            maps = {tensor.name: self._maps[tensor.name] for tensor in operation.inputs if tensor.name in self._maps}
            if not maps:
                continue
            first = next(iter(maps.values()))
            if operation.type == "Shape":
                self._batches[operation.outputs[0].name] = self._shape(first, operation)
            elif first.flat and operation.type not in ("MatMul", "Identity"):
                self._batches |= {name: as_flat_batch(flat) for name, flat in maps.items()}
            else:
                self._settle(operation.outputs[0], self._apply(operation, first))
        return self._batches

    def _settle(self, tensor: Any, result: PatchMap) -> None:
        if result.size == (1, 1) and result.spread == (1, 1):
            self._batches[tensor.name] = as_batch(result, tensor.shape.rank)
        else:
            self._maps[tensor.name] = result

    def _apply(self, operation: Any, first: PatchMap) -> PatchMap:
        if operation.type not in RULES:
            raise NotDense(f"{operation.type} has no dense form")
        return RULES[operation.type](operation, first, Operands(self._graph, self._maps))

    def _shape(self, result: PatchMap, operation: Any) -> Any:
        """The shape that the tensor has as a batch of patches."""
        channels = result.values.shape[-1]
        sizes = [result.size[0] * result.size[1] * channels] if result.flat else [*result.size, channels]
        count = next(iter(self._sources.values())).count
        return tf.cast(tf.stack([count, *sizes]), operation.outputs[0].dtype)


def as_batch(result: PatchMap, rank: int | None) -> Any:
    """One element a patch: [1, rows, cols, channels] as [patches, 1, 1, channels], or [patches, channels] for rank 2."""
    channels = result.values.shape[-1]
    return tf.reshape(_element(result, 0, 0), [-1, channels] if rank == 2 else [-1, 1, 1, channels])


def as_flat_batch(result: PatchMap) -> Any:
    """[patches, size · channels], for a flatten that something else than a dense layer follows.

    Raises:
        NotDense: it would take as much memory as the patches themselves.
    """
    rows, cols, channels = *result.size, result.values.shape[-1]
    if rows * cols * channels > MOST_FLAT:
        raise NotDense(f"a flatten of {rows} × {cols} × {channels} elements is no dense layer's")
    elements = [_element(result, row, col) for row in range(rows) for col in range(cols)]
    return tf.reshape(tf.concat(elements, axis=3), [-1, rows * cols * channels])


def _element(result: PatchMap, row: int, col: int) -> Any:
    """One element of the tensor for all patches: [1, patches down, patches across, channels]."""
    values = result.values[:, row * result.dilation[0] :, col * result.dilation[1] :, :]
    if result.places is not None:
        return tf.gather(tf.gather(values, result.places[0], axis=1), result.places[1], axis=2)
    (down, across), (rows, cols) = result.step, result.count
    return values[:, : (rows - 1) * down + 1 : down, : (cols - 1) * across + 1 : across, :]

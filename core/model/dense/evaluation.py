"""Dense evaluation: a patch-based model over a whole block at once, with the same values for a small fraction of the work.

Served at every pixel, a patch model computes almost everything many times over. The values that it computes inside all
patches stand in one map *D* for each of its tensors: element i of the tensor for patch y is

    D[y·p + i·d]        p: step from patch to patch, d: dilation, both in elements of D, along each axis

At the input, p is the step of the patches in pixels and d = 1. A convolution or pooling of stride s makes d·s of d; of the
elements of D only every g-th is needed then, g = gcd(p, d·s), so it runs with stride g and dilation d, and p and d shrink by g.
(Sliding by one pixel: strides become dilations. Sliding by the model's own stride: the plain network.) Where a tensor has
become one element a patch, D *is* the batch of patches; from the first operation without a rule on, the graph runs on it unchanged.

The idea is that of Giusti et al., *Fast image scanning with deep max-pooling convolutional neural networks* (ICIP 2013), in
the form of dilations as in Yu & Koltun, *Multi-scale context aggregation by dilated convolutions* (ICLR 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import tf
from ..loading.frozen import FrozenGraph
from .patch_map import FlatJoin, NotDense, Operands, Pair, PatchMap, Result, element, single
from .rules import RULES

MOST_VALUES = 1024  # of one patch, in a tensor that is put into a batch
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
    names, concrete = sorted(grids), dense_function(graph, grids, outputs)

    def call(arrays: Mapping[str, np.ndarray], starts: Mapping[str, Starts]) -> dict[str, Any]:
        tensors = [tf.convert_to_tensor(arrays[name]) for name in names]
        return concrete(tensors, [tf.convert_to_tensor(axis, tf.int32) for name in names for axis in starts[name]])

    return call


def dense_function(graph: FrozenGraph, grids: Mapping[str, PatchGrid], outputs: Sequence[str]) -> Any:
    """The same as TensorFlow's concrete function. It takes the windows, sorted by name, and for each of them the first rows and the first
    columns of its patches.

    Raises:
        NotDense: an operation mixes the elements of a patch in a way that has no dense form.
    """
    names = sorted(grids)
    windows = [tf.TensorSpec([1, None, None, graph.inputs[name].shape[-1]], graph.inputs[name].dtype) for name in names]
    places = [tf.TensorSpec([None], tf.int32) for _ in range(2 * len(names))]

    @tf.function(input_signature=[windows, places], autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def evaluate(windows: list[Any], places: list[Any]) -> dict[str, Any]:
        sources = {name: _Source(windows[i], grids[name], (places[2 * i], places[2 * i + 1])) for i, name in enumerate(names)}
        return _Rewriter(graph, sources).outputs({name: graph.outputs[name] for name in outputs})

    return evaluate.get_concrete_function()


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
    """Walks the graph from its inputs, as far as there is a rule for maps."""

    def __init__(self, graph: FrozenGraph, sources: Mapping[str, _Source]) -> None:
        self._graph, self._sources = graph, sources
        self._maps: dict[str, Result] = {}
        self._batches: dict[str, Any] = {}

    def outputs(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the tensors, by their key, as batches of patches. What the rules did not reach, the graph itself computes."""
        for name, source in self._sources.items():
            self._settle(self._graph.inputs[name], source.map)
        for operation in self._graph.operations:
            if any(tensor.name in self._maps for tensor in operation.inputs):
                self._take(operation)
        for key, tensor in tensors.items():
            if tensor.name in self._maps and _elements(self._maps[tensor.name]) > MOST_VALUES:
                raise NotDense(f"output {key} has too many pixels a patch")  # each is cut out by itself: building that alone takes hours
        reached = {key: as_batch(self._maps[t.name], t.shape.rank) for key, t in tensors.items() if t.name in self._maps}
        rest = {key: tensor.name for key, tensor in tensors.items() if key not in reached}
        return reached | self._computed_by_the_graph(rest)

    def _computed_by_the_graph(self, names: Mapping[str, str]) -> dict[str, Any]:
        if not names:
            return {}
        definition = self._graph.definition()
        values = tf.graph_util.import_graph_def(definition, input_map=self._batches, return_elements=list(names.values()), name="")
        return dict(zip(names, values, strict=True))

    def _take(self, operation: Any) -> None:
        inputs = {tensor.name: tensor for tensor in operation.inputs if tensor.name in self._maps}
        if operation.type == "Shape":
            self._batches[operation.outputs[0].name] = self._shape(operation)
            return
        try:
            self._settle(operation.outputs[0], self._apply(operation, parts_of(self._maps[next(iter(inputs))])[0]))
        except NotDense:
            if not all(is_small(self._maps[name]) for name in inputs):
                raise
            self._batches |= {name: as_batch(self._maps[name], tensor.shape.rank) for name, tensor in inputs.items()}

    def _apply(self, operation: Any, first: PatchMap) -> Result:
        if operation.type not in RULES:
            raise NotDense(f"{operation.type} has no dense form")
        return RULES[operation.type](operation, first, Operands(self._graph, self._maps))

    def _settle(self, tensor: Any, result: Result) -> None:
        if isinstance(result, PatchMap) and result.size == (1, 1) and result.spread == (1, 1):
            result = single(result)
        self._maps[tensor.name] = result

    def _shape(self, operation: Any) -> Any:
        """The shape that the tensor has as a batch of patches."""
        sizes = operation.inputs[0].shape.as_list()[1:]
        if None in sizes:
            raise NotDense("the shape of a patch is open")
        count = next(iter(self._sources.values())).count
        return tf.cast(tf.stack([count, *sizes]), operation.outputs[0].dtype)


def parts_of(result: Result) -> tuple[PatchMap, ...]:
    """The maps that a result consists of."""
    return result.parts if isinstance(result, FlatJoin) else (result,)


def _elements(result: Result) -> int:
    return sum(part.size[0] * part.size[1] for part in parts_of(result))


def is_small(result: Result) -> bool:
    """Whether the tensor may stand as a batch: it takes much less memory than the patches themselves."""
    values = sum(part.size[0] * part.size[1] * part.values.shape[-1] for part in parts_of(result))
    return all(part.flat or part.size == (1, 1) for part in parts_of(result)) and values <= MOST_VALUES


def as_batch(result: Result, rank: int | None) -> Any:
    """[patches, size · channels], or [patches, 1, 1, channels] for rank 4."""
    elements = [element(part, row, col) for part in parts_of(result) for row in range(part.size[0]) for col in range(part.size[1])]
    together = elements[0] if len(elements) == 1 else tf.concat(elements, axis=3)
    channels = sum(values.shape[-1] for values in elements)
    return tf.reshape(together, [-1, 1, 1, channels] if rank == 4 else [-1, channels])

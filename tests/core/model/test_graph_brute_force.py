"""Geometry off the graph against brute force: perturb pixels, see which outputs move."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.backend import tf
from core.model.geometry.graph_geometry import OutputGeometry, read_geometry
from core.model.geometry.trace import MISFIT
from core.model.loading.frozen import FrozenGraph
from core.model.loading.load import TensorSpec, load


def geometry(model: Any, output: str = "y") -> OutputGeometry:
    return read_geometry(FrozenGraph(model))[output]


def test_dynamic_world(dynamic_world: str) -> None:
    """All of it can be derived: ScaleAndTranslate down, depthwise convolutions with SAME padding, ResizeBilinear up."""
    model = load(dynamic_world)
    found = geometry(model, "functional_1")
    seen = found.inputs["input_3"]
    assert not found.unknown and found.fully_convolutional
    assert (seen.stride, seen.scale_factor, found.expression_field) == ((2, 2), 1, (2, 2))
    assert found.halo == (22, 22) and seen.receptive_field == (46, 46)
    check_by_perturbing(model, "functional_1", found, 96, exact=False)  # squares: far pixels hardly count


# Random networks: positive weights and inputs, so that nothing cancels; sums and maxima only, so that every change upwards shows.


def convolution(x: Any, size: int, stride: int, dilation: int, padding: str) -> Any:
    kernel = np.full((size, size, 1, 1), 1 / size**2, "float32")
    return tf.nn.conv2d(x, kernel, 1 if dilation > 1 else stride, padding, dilations=dilation)


def depthwise(x: Any, size: int, padding: str) -> Any:
    return tf.nn.depthwise_conv2d(x, np.full((size, size, 1, 1), 1 / size**2, "float32"), [1, 1, 1, 1], padding)


def transposed(x: Any, size: int, stride: int, padding: str) -> Any:
    s = tf.shape(x)
    more = max(size - stride, 0) if padding == "VALID" else 0
    output = [s[0], s[1] * stride + more, s[2] * stride + more, 1]
    return tf.nn.conv2d_transpose(x, np.full((size, size, 1, 1), 1 / size, "float32"), output, stride, padding)


def resized(x: Any, times: int, method: str) -> Any:
    return tf.image.resize(x, tf.shape(x)[1:3] * times, method)


def padded(x: Any, before: int, after: int, mode: str) -> Any:
    return tf.pad(x, [[0, 0], [before, after], [after, before], [0, 0]], mode)


def branches(x: Any, size: int) -> Any:
    wide = tf.nn.max_pool2d(x, 2 * size - 1, 1, "SAME")
    return tf.reduce_sum(tf.concat([x, wide], axis=3), axis=3, keepdims=True)


def pyramid(x: Any, stride: int) -> Any:
    """Down and up again, beside the way straight on: the sizes of both have to be made equal, as U-Nets do."""
    low = convolution(tf.nn.avg_pool2d(x, stride, stride, "SAME"), 3, 1, 1, "SAME")
    return x + tf.image.resize(low, tf.shape(x)[1:3], "bilinear")


small, padding, stride = st.integers(1, 4), st.sampled_from(["VALID", "SAME"]), st.integers(1, 3)
BLOCKS = st.one_of(
    st.builds(lambda *a: lambda x: convolution(x, *a), small, stride, st.integers(1, 2), padding),
    st.builds(lambda *a: lambda x: depthwise(x, *a), small, padding),
    st.builds(lambda k, s, p: lambda x: tf.nn.max_pool2d(x, k, s, p), small, stride, padding),
    st.builds(lambda k, s, p: lambda x: tf.nn.avg_pool2d(x, k, s, p), small, stride, padding),
    st.builds(lambda *a: lambda x: transposed(x, *a), small, st.integers(1, 2), padding),
    st.builds(lambda n: lambda x: x[:, n:-n, n:-n], st.integers(1, 3)),
    st.builds(lambda *a: lambda x: padded(x, *a), st.integers(0, 2), st.integers(0, 2), st.sampled_from(["CONSTANT", "REFLECT"])),
    st.builds(lambda *a: lambda x: resized(x, *a), st.integers(1, 2), st.sampled_from(["nearest", "bilinear"])),
    st.builds(lambda n: lambda x: branches(x, n), st.integers(1, 2)),
    st.builds(lambda n: lambda x: pyramid(x, n), st.integers(1, 2)),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(BLOCKS, min_size=1, max_size=4))
def test_random_networks(blocks: list[Callable[[Any], Any]]) -> None:
    def call(*, x: Any) -> dict[str, Any]:
        for block in blocks:
            x = block(x)
        return {"y": x}

    model = Function(tf.function(call).get_concrete_function(x=tf.TensorSpec([None, None, None, 1], tf.float32)))
    found = geometry(model)
    if found.unknown:  # then he is asked; but only because sizes never fit, as these blocks all are known
        assert MISFIT in found.unknown[0] or found.unknown == ("no size of window gives whole blocks",)
        return
    seen = found.inputs["x"]
    size = seen.receptive_field[0] + 3 * int(found.expression_field[0] * (seen.scale_factor or 0))
    check_by_perturbing(model, "y", found, size)


class Function:
    """What FrozenGraph and the checks need of a model, without a file between."""

    def __init__(self, function: Any) -> None:
        self.function, self.arguments = function, {"x": "x"}
        self.inputs = (TensorSpec("x", (None, None, None, 1), np.dtype("float32")),)

    def run(self, arrays: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
        return {"y": self.function(x=tf.constant(arrays["x"]))["y"].numpy()}


def check_by_perturbing(model: Any, output: str, found: OutputGeometry, size: int, exact: bool = True) -> None:
    """For windows of that many rows: the outputs are as many as the geometry says; those of the blocks do not feel where the window
    ends; and what they see, pixel by pixel, is what it says."""
    spec = model.inputs[0]
    seen, field, halo = found.inputs[spec.name], found.expression_field[0], found.halo[0]
    jump = seen.scale_factor or Fraction(0)
    step, width, bands = int(field * jump), seen.receptive_field[1], spec.shape[-1]
    blocks, rest = divmod(size - seen.receptive_field[0], step)
    assert rest == 0, "the test asks for whole blocks"
    rows = slice(halo, halo + (blocks + 1) * field)
    wide = np.random.default_rng(0).uniform(0.5, 1, (1, size + 2 * step, width, bands)).astype("float32")
    window = wide[:, step : step + size]
    base, larger = (model.run({spec.name: pixels}, [output])[output] for pixels in (window, wide))
    assert base.shape[1:3] == ((blocks + 1) * field + 2 * halo, found.expression_field[1] + 2 * found.halo[1])
    cols = slice(found.halo[1], found.halo[1] + found.expression_field[1])
    np.testing.assert_allclose(larger[:, field:][:, rows, cols], base[:, rows, cols], rtol=1e-4, atol=1e-4)
    moved = np.repeat(window, size, axis=0)
    moved[np.arange(size), np.arange(size)] += 10_000  # one row of pixels in each
    change = np.abs(np.concatenate([model.run({spec.name: part}, [output])[output] for part in np.array_split(moved, min(size, 8))]) - base)
    sees = change[:, rows, cols].max(axis=(2, 3)) > 1e-3  # (pixel, output)
    first_to_last = [np.flatnonzero(pixels)[[0, -1]] for pixels in sees.T if pixels.any()]
    views = [last - first + 1 for first, last in first_to_last]
    assert max(views, default=0) <= seen.view[0] and (not exact or max(views, default=0) == seen.view[0])
    if exact and sees[:, 0].any():
        assert first_to_last[0].sum() + 1 == 2 * seen.offset[0]

"""The arithmetic of reaches against brute force: sets of pixels, element by element."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.model.backend import tf
from core.model.geometry import reach
from core.model.geometry.reach import IDENTITY, DifferentJumps, Reach, Span

Sets = Callable[[int], set[int]]  # element → all elements of the layer below that it sees

sizes, strides = st.integers(1, 5), st.integers(1, 4)
windows = st.builds(reach.window, sizes, strides, st.integers(1, 3), st.integers(-3, 3))
layers = st.one_of(
    windows, st.builds(reach.transposed, sizes, strides, st.integers(0, 3)), st.builds(reach.shifted, st.integers(-4, 4)),
    st.builds(reach.repeated, strides), st.builds(reach.averaged, st.fractions(Fraction(1, 3), 3, max_denominator=3)),
    st.builds(reach.interpolated, st.fractions(Fraction(1, 3), 3, max_denominator=3), st.booleans(), st.integers(1, 2)),
)  # fmt: skip


def seen_by(layer: Reach, elements: set[int]) -> set[int]:
    """Brute force: everything between the first and the last of what any of the elements sees."""
    spans = [layer.at(element) for element in elements]
    return {pixel for span in spans if span for pixel in range(*span)}


def as_span(pixels: set[int]) -> Span | None:
    return (min(pixels), max(pixels) + 1) if pixels else None


@given(st.lists(layers, min_size=1, max_size=4), st.integers(-20, 20))
def test_a_composition_is_what_its_layers_see(network: list[Reach], element: int) -> None:
    composed = network[0]
    for layer in network[1:]:
        composed = composed.after(layer)
    pixels = {element}
    for layer in network:
        pixels = set(range(*as_span(pixels))) if pixels else pixels  # spans, not sets: what lies between counts
        pixels = seen_by(layer, pixels)
    assert composed.at(element) == as_span(pixels)


@given(layers, layers, layers)
def test_composition_is_associative(one: Reach, two: Reach, three: Reach) -> None:
    """Where every element sees something: spans hold what lies between, and of elements that see nothing that is more in one order."""
    assume(all(None not in layer.spans for layer in (one, two, three)))
    assert one.after(two).after(three) == one.after(two.after(three))
    assert one.after(IDENTITY) == one == IDENTITY.after(one)


@given(layers, layers, st.integers(-20, 20))
def test_a_join_sees_what_either_sees(one: Reach, two: Reach, element: int) -> None:
    if one.jump != two.jump:
        with pytest.raises(DifferentJumps):
            one.joined(two)
        return
    assert one.joined(two).at(element) == as_span(seen_by(one, {element}) | seen_by(two, {element}))
    assert one.joined(two) == two.joined(one) and one.joined(one) == one


@given(layers, st.integers(1, 4))
def test_the_period_is_as_short_as_it_can_be(layer: Reach, times: int) -> None:
    longer = tuple(layer.at(element) for element in range(layer.period * times))
    assert Reach.of(layer.step * times, longer) == Reach.of(layer.step, layer.spans)


@given(size=sizes, stride=strides, before=st.integers(0, 3), element=st.integers(-9, 9))
def test_a_transposed_convolution_is_a_convolution_backwards(size: int, stride: int, before: int, element: int) -> None:
    forwards, backwards = reach.window(size, stride, before=before), reach.transposed(size, stride, before)
    by_definition = {i for i in range(-40, 40) if element in seen_by(forwards, {i})}
    assert backwards.at(element) == as_span(by_definition)


@pytest.mark.parametrize(
    ("method", "half_pixel", "layer"),
    [
        ("ResizeNearestNeighbor", True, lambda ratio: reach.nearest(ratio, True)),
        ("ResizeNearestNeighbor", False, lambda ratio: reach.nearest(ratio, False)),
        ("ResizeBilinear", True, lambda ratio: reach.interpolated(ratio, True, 1)),
        ("ResizeBilinear", False, lambda ratio: reach.interpolated(ratio, False, 1)),
        ("ResizeBicubic", True, lambda ratio: reach.interpolated(ratio, True, 2)),
        ("ResizeBicubic", False, lambda ratio: reach.interpolated(ratio, False, 2)),
        ("ResizeArea", None, reach.averaged),
    ],
)
@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(1, 3), Fraction(1), Fraction(2), Fraction(3), Fraction(2, 3), Fraction(3, 2)])
def test_resizing_is_tensorflows(method: str, half_pixel: bool | None, layer: Callable[[Fraction], Reach], ratio: Fraction) -> None:
    size = 24
    count = int(size / ratio)
    options = {} if half_pixel is None else {"half_pixel_centers": half_pixel}
    result = getattr(tf.raw_ops, method)(images=np.eye(size, dtype="float32")[:, :, None, None], size=[count, 1], **options)
    assert_spans(np.asarray(result)[:, :, 0, 0].T, layer(ratio))


@pytest.mark.parametrize("kernel", ["triangle", "lanczos3", "keyscubic"])
@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(2), Fraction(3), Fraction(3, 2)])
def test_smooth_scaling_is_tensorflows(kernel: str, ratio: Fraction) -> None:
    from core.model.geometry.trace_layers import RADII

    size = 36
    count = int(size / ratio)
    result = tf.raw_ops.ScaleAndTranslate(
        images=np.eye(size, dtype="float32")[:, :, None, None], size=[count, 1], scale=[float(1 / ratio), 1.0], translation=[0.0, 0.0],
        kernel_type=kernel, antialias=True,
    )  # fmt: skip
    assert_spans(np.asarray(result)[:, :, 0, 0].T, reach.smoothed(ratio, RADII[kernel]), exact=kernel == "triangle")


def assert_spans(weights: np.ndarray, layer: Reach, exact: bool = True) -> None:
    """`weights`: how much every element (row) takes of every element below (column); those at the ends are clamped there."""
    count = len(weights)
    for element in range(count // 3, count - count // 3):
        span, found = layer.at(element), np.flatnonzero(np.abs(weights[element]) > 1e-6)
        assert span is not None
        assert (found[0], found[-1] + 1) == span if exact else span[0] <= found[0] and found[-1] < span[1]

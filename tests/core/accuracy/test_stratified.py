"""The stratified estimators: Olofsson's worked example to its printed digits, brute force, and where they have no meaning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accuracy.stratified import stratified

# Olofsson et al. (2014), table 8: rows are the map, columns the reference: deforestation, forest gain, stable forest, stable non-forest.
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000])  # of 30 m
HECTARES = 0.09
TABLE_9 = [[0.0176, 0, 0.0013, 0.0011], [0, 0.0110, 0.0016, 0.0024], [0.0019, 0, 0.2967, 0.0213], [0.0040, 0.0020, 0.0179, 0.6212]]


def test_olofssons_example_comes_out_to_its_printed_digits() -> None:
    """Sections 5.2.1 and 5.2.2 and table 9.

    Three printed numbers contradict the paper's own equations and are replaced by what these give: the half widths of the producer's
    accuracy of forest gain (printed 0.23, equation 7: 0.254) and of stable non-forest (printed 0.01, equation 7: 0.018), and the standard
    error of the area of deforestation (printed 34,097 pixels; 1.96 of which are not the printed 68,418: its digits are transposed).
    """
    found = stratified(COUNTS, PIXELS.astype(float))
    np.testing.assert_array_equal(found.proportions.round(4), TABLE_9)
    assert (f"{found.overall.value:.2f}", f"{found.overall.half_width:.2f}") == ("0.95", "0.02")

    def printed(kind: str) -> list[tuple[str, str]]:
        estimates = [getattr(c, kind) for c in found.classes]
        return [(f"{e.value:.2f}", f"{e.half_width:.2f}") for e in estimates]

    assert printed("users") == [("0.88", "0.07"), ("0.73", "0.10"), ("0.93", "0.04"), ("0.96", "0.02")]
    assert printed("producers") == [("0.75", "0.21"), ("0.85", "0.25"), ("0.93", "0.03"), ("0.96", "0.02")]
    shares = [c.share for c in found.classes]
    pixels = PIXELS.sum()
    assert f"{shares[0].error:.4f}" == "0.0035"
    assert [f"{x * pixels:,.0f}" for x in (shares[0].value, shares[0].error, shares[0].half_width)] == ["235,086", "34,907", "68,418"]
    areas = [(f"{s.value * pixels * HECTARES:,.0f}", f"{s.half_width * pixels * HECTARES:,.0f}") for s in shares]
    assert areas == [("21,158", "6,158"), ("11,686", "3,756"), ("285,770", "15,510"), ("581,386", "16,282")]
    assert (found.left_out, found.alone) == ((), ())


@given(
    st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
)
def test_shares_add_up_and_a_proportional_sample_needs_no_adjusting(counts: list[list[int]], sizes: list[int]) -> None:
    matrix = np.array(counts) + 2 * np.eye(3, dtype=int)
    found = stratified(matrix, np.array(sizes, float))
    assert sum(c.share.value for c in found.classes) == pytest.approx(1)
    assert 0 <= found.overall.value <= 1 + 1e-12
    found = stratified(matrix, matrix.sum(axis=1).astype(float))  # as many samples as the class is large
    assert found.overall.value == pytest.approx(np.trace(matrix) / matrix.sum())
    for j, c in enumerate(found.classes):
        assert c.producers is not None and c.producers.value == pytest.approx(matrix[j, j] / matrix[:, j].sum())
        assert c.users is not None and c.users.value == pytest.approx(matrix[j, j] / matrix[j].sum())


def test_the_intervals_hold_their_promise() -> None:
    """Draw many stratified samples of a known population: about 95 % of the intervals hold the true value."""
    truth = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.05], [0.02, 0.08, 0.9]])  # of each map class, the share of each class
    sizes = np.array([0.1, 0.3, 0.6])
    proportions = sizes[:, None] * truth
    rng, runs = np.random.default_rng(1), 1500
    inside = np.zeros(3)
    for _ in range(runs):
        found = stratified(np.array([rng.multinomial(200, rates) for rates in truth]), sizes)
        told = (found.overall, found.classes[0].share, found.classes[1].producers)
        right = (np.trace(proportions), proportions[:, 0].sum(), proportions[1, 1] / proportions[:, 1].sum())
        inside += [abs(estimate.value - value) <= estimate.half_width for estimate, value in zip(told, right, strict=True)]
    assert (abs(inside / runs - 0.95) < 0.02).all()


def test_a_map_class_without_samples_is_left_out_of_the_whole() -> None:
    found = stratified(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]]), np.array([30.0, 60.0, 10.0]))
    assert found.left_out == (2,)
    assert found.overall.value == pytest.approx((30 * 0.8 + 60 * 0.9) / 90)
    assert (found.classes[2].users, found.classes[2].producers, found.classes[2].share.value) == (None, None, 0)


def test_a_class_that_only_the_reference_has() -> None:
    found = stratified(np.array([[8, 0, 2], [0, 9, 1], [0, 0, 0]]), np.array([50.0, 50.0, 0.0]))
    stranger = found.classes[2]
    assert found.left_out == () and stranger.users is None
    assert stranger.share.value == pytest.approx(0.15) and stranger.producers is not None and stranger.producers.value == 0


def test_one_sample_tells_no_variance() -> None:
    found = stratified(np.array([[1, 0], [1, 9]]), np.array([1.0, 9.0]))
    assert found.alone == (0,)
    assert found.overall.value == pytest.approx(0.91) and found.overall.half_width is None
    assert found.classes[1].users is not None and found.classes[1].users.half_width is not None


def test_one_class_that_is_always_right() -> None:
    found = stratified(np.array([[7]]), np.array([3.0]))
    assert (found.overall.value, found.overall.half_width, found.classes[0].share.value) == (1, 0, 1)

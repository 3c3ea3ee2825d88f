"""The patches shown in the report."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.examples import colour_bands, spread


@pytest.mark.parametrize(
    ("names", "count", "expected"),
    [
        (("B02", "B03", "B04", "B08"), 4, (2, 1, 0)),
        (("s2_B08", "s2_B04", "s2_B03", "s2_B02"), 4, (1, 2, 3)),
        (("nir", "red", "green", "blue"), 4, (1, 2, 3)),
        ((), 4, (2, 1, 0)),
        (("VV", "VH"), 2, (0, 0, 0)),
        ((), 1, (0, 0, 0)),
    ],
)
def test_natural_colours_where_the_bands_tell(names: tuple[str, ...], count: int, expected: tuple[int, int, int]) -> None:
    assert colour_bands(names, count) == expected


def test_every_class_is_shown() -> None:
    targets = np.array([0] * 100 + [1] * 2 + [2] * 50)
    mask = np.ones(len(targets), bool)
    mask[0] = False
    picked = spread(targets, mask, 9)
    assert len(picked) == len(set(picked)) <= 9 and 0 not in picked
    assert set(targets[picked]) == {0, 1, 2}
    assert picked[0] == 1 and 99 in picked  # from the first to the last of a class
    assert spread(targets, np.zeros(len(targets), bool), 9) == []
    assert len(spread(np.arange(50), np.ones(50, bool), 9)) == 9  # more classes than places

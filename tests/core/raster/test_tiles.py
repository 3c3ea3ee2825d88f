"""The room that decoded tiles need, held against a cache that drops what was used longest ago, as GDAL's does."""

from __future__ import annotations

from collections import Counter, OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from core.raster.tiles import row_bytes


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    tile=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    block=st.integers(1, 30),
    halo=st.integers(0, 6),
)
def test_no_tile_is_decoded_twice_in_that_room(size: tuple[int, int], tile: tuple[int, int], block: int, halo: int) -> None:
    tile = min(tile[0], size[0]), min(tile[1], size[1])
    rows = block + 2 * halo
    room = row_bytes(size, tile, (rows, size[1]), 1) // (tile[0] * tile[1])
    kept: OrderedDict[tuple[int, int], None] = OrderedDict()
    decoded: Counter[tuple[int, int]] = Counter()
    for top in range(0, size[0], block):
        for left in range(0, size[1], block):
            spans = ((max(first - halo, 0), min(first + block + halo, whole)) for first, whole in zip((top, left), size, strict=True))
            down, across = (range(first // side, (last - 1) // side + 1) for (first, last), side in zip(spans, tile, strict=True))
            for place in ((row, col) for row in down for col in across):
                decoded[place] += place not in kept
                kept[place] = None
                kept.move_to_end(place)
                if len(kept) > room:
                    kept.popitem(last=False)
    assert set(decoded.values()) == {1}

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs import Sampling
from core.sampling import draw
from core.sampling.draw import PeriodicDraw, RandomDraw, make_draw

NUMBERS = st.integers(0, 3000).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total)))


def _drawn(one: draw.Draw, total: int, portions: list[int]) -> list[int]:
    """The whole stream, taken in these portions (repeated as long as needed)."""
    taken: list[int] = []
    position = turn = 0
    while position < total:
        count = min(portions[turn % len(portions)], total - position)
        indexes = one.take(count)
        assert (np.diff(indexes) > 0).all() and (indexes >= 0).all() and (indexes < count).all()
        taken += (indexes + position).tolist()
        position, turn = position + count, turn + 1
    return taken


def _periodic(total: int, required: int, jitter: int = 0, seed: int = 0) -> PeriodicDraw:
    return PeriodicDraw(total, required, np.random.default_rng(seed), jitter)


@given(
    NUMBERS,
    st.sampled_from([("random", 0), ("periodic", 0), ("periodic", 1), ("periodic", 50)]),
    st.lists(st.integers(1, 900), min_size=1, max_size=5),
    st.integers(0, 99),
)
def test_exact_count_whatever_the_portions(numbers: tuple[int, int], kind: tuple[str, int], portions: list[int], seed: int) -> None:
    (total, required), (sampler, jitter) = numbers, kind
    in_portions, at_once = (
        _drawn(make_draw(Sampling(sampler=sampler, jitter=jitter), total, required, np.random.default_rng(seed)), total, sizes)
        for sizes in (portions, [max(total, 1)])
    )
    assert len(in_portions) == required
    assert in_portions == at_once


@settings(max_examples=20)
@given(st.integers(0, 99))
def test_portions_across_blocks(seed: int) -> None:
    total, required = 3 * draw.BLOCK + 17, 1000
    several, one = (
        _drawn(RandomDraw(total, required, np.random.default_rng(seed)), total, sizes) for sizes in ([draw.BLOCK - 5, 40_000], [total])
    )
    assert several == one and len(one) == required


@given(st.integers(1, 10**6), st.integers(1, 2000))
def test_periodic_samples_are_evenly_spread(total: int, required: int) -> None:
    required = min(total, required)
    taken = _periodic(total, required).take(total)
    assert len(taken) == required
    gaps = np.diff(taken)
    assert gaps.size == 0 or (gaps.min() >= total // required and gaps.max() <= -(-total // required))
    assert taken[0] == total // (2 * required)  # from the middle of the first period: no end of the truth is favoured


def test_periodic_reaches_the_end_of_the_truth() -> None:
    assert _periodic(1999, 1000).take(1999)[-1] == 1998  # OTB's integer step ends half way


@given(st.integers(1, 10**6), st.integers(1, 2000), st.integers(1, 1000), st.integers(0, 9))
def test_jitter_moves_samples_within_their_period(total: int, required: int, jitter: int, seed: int) -> None:
    required = min(total, required)
    plain, moved = _periodic(total, required).take(total), _periodic(total, required, jitter, seed).take(total)
    assert len(moved) == required and (np.diff(moved) > 0).all()
    assert abs(moved - plain).max() <= jitter
    numbers = np.arange(required)
    assert (moved * required >= numbers * total).all() and (moved * required < (numbers + 1) * total).all()


def test_jitter_is_spread_over_its_range_and_follows_the_seed() -> None:
    offsets = _periodic(100_000, 1000, 10).take(100_000) - _periodic(100_000, 1000).take(100_000)
    assert set(offsets.tolist()) == set(range(-10, 11)) and abs(offsets.mean()) < 1
    assert (offsets != _periodic(100_000, 1000, 10, seed=1).take(100_000) - _periodic(100_000, 1000).take(100_000)).any()


def test_periodic_beyond_64_bits() -> None:
    total, required = 10**11, 10**10
    assert _periodic(total, required).take(1000).tolist() == list(range(5, 1000, 10))
    assert len(_periodic(total, required, 3).take(1000)) == 100


def test_random_draws_are_uniform_over_the_stream() -> None:
    hits = np.zeros(50)
    for seed in range(2000):
        hits[RandomDraw(50, 10, np.random.default_rng(seed)).take(50)] += 1
    assert abs(hits - 400).max() < 5 * np.sqrt(400 * 0.8)


def test_streams_beyond_the_limit_of_the_hypergeometric(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count stays exact where numpy's distribution gives up, whatever part of the stream is asked for."""
    monkeypatch.setattr(draw, "LARGEST_HYPERGEOMETRIC", 1)
    for required in (1, 1000, 2 * draw.BLOCK - 1, 2 * draw.BLOCK):
        assert len(RandomDraw(2 * draw.BLOCK, required, np.random.default_rng(1)).take(2 * draw.BLOCK)) == required
    monkeypatch.undo()
    assert RandomDraw(10**11, 10**10, np.random.default_rng(0)).take(10**6).size == pytest.approx(10**5, rel=0.02)


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError, match="3 samples of 2"):
        make_draw(Sampling(), 2, 3, np.random.default_rng(0))

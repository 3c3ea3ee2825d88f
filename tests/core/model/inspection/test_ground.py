from __future__ import annotations

from fractions import Fraction

from core.model.inspection.ground import Seen, spacing_ratios


def test_the_contract_goes_first() -> None:
    seen = [Seen(8, 2.0, Fraction(1)), Seen(32, 0.5, Fraction(2))]
    assert spacing_ratios(seen) == ((1, Fraction(1, 4)), False)


def test_then_the_graph_whose_outputs_are_the_same() -> None:
    assert spacing_ratios([Seen(16, None, Fraction(4)), Seen(4, 10.0, Fraction(1))]) == ((1, 4), False)


def test_patches_are_taken_to_cover_the_same_ground() -> None:
    assert spacing_ratios([Seen(8), Seen(32), Seen(None)]) == ((1, Fraction(1, 4), 8), True)
    assert spacing_ratios([Seen(None)]) == ((1,), False)

"""How many samples of each class: the strategies, as pure arithmetic on the number of candidates of each class."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TypeVar

from ..errors import BadTruth
from ..jobs import Sampling
from .truth import Label

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Quota:
    """The samples of one class.

    Attributes:
        required: what the strategy asks for; may be more than there is.
        training_total, validation_total: candidates on either side of the split.
        training, validation: samples that are taken there.
        kept_apart: pixels besides, that may not train because they lie in the buffer around validation.
    """

    label: Label
    required: int
    training_total: int
    validation_total: int
    training: int
    validation: int
    kept_apart: int = 0

    @property
    def total(self) -> int:
        """All candidates of the class."""
        return self.training_total + self.validation_total

    @property
    def taken(self) -> int:
        """All samples of the class."""
        return self.training + self.validation

    @property
    def rate(self) -> float:
        """Share of the candidates that is required, at most 1."""
        return min(self.required / self.total, 1.0) if self.total else 0.0


def required_counts(totals: Mapping[Label, int], sampling: Sampling, by_class: Mapping[Label, int] | None = None) -> dict[Label, int]:
    """What the strategy asks for, class by class. T is the number of a class's candidates, above 0.

    smallest: the smallest T, for all · constant: `number` · percent: floor(1/2 + percent·T/100) · total: `number`, shared in
    proportion to T (largest remainders, so that the sum is exact) · all: T · byclass: the given counts, 0 for a class not given.
    """
    if sampling.strategy == "smallest":
        return dict.fromkeys(totals, min(totals.values(), default=0))
    if sampling.strategy == "constant":
        return dict.fromkeys(totals, sampling.number)
    if sampling.strategy == "percent":
        share = Fraction(str(sampling.percent)) / 100
        return {label: floor(Fraction(1, 2) + share * total) for label, total in totals.items()}
    if sampling.strategy == "total":
        return shared_out(sampling.number, totals)
    if sampling.strategy == "byclass":
        return {label: (by_class or {}).get(label, 0) for label in totals}
    return dict(totals)


def shared_out(number: int, totals: Mapping[Key, int]) -> dict[Key, int]:
    """`number` in proportion to the totals: each its quota rounded down, then one more for the largest remainders.

    Never more than the class's total unless `number` is more than their sum.
    """
    whole = sum(totals.values())
    counts = {label: number * total // whole for label, total in totals.items()}
    by_remainder = sorted(totals, key=lambda label: -(number * totals[label] % whole))
    for label in by_remainder[: number - sum(counts.values())]:
        counts[label] += 1
    return counts


def share_of(count: int, share: float) -> int:
    """round(share · count), the share taken as the decimal number that was typed."""
    return round(Fraction(str(share)) * count)


def make_quotas(
    training_totals: Mapping[Label, int], validation_totals: Mapping[Label, int], required: Mapping[Label, int], sampling: Sampling
) -> list[Quota]:
    """Share each class's samples between the sides: round(share · samples) for validation, the rest for training, both cut
    to the candidates there. Without a share (a layer of areas says who validates) they are shared in proportion to the candidates.
    Strategy all takes everything on both sides."""
    quotas = []
    for label, count in required.items():
        training_total, validation_total = training_totals.get(label, 0), validation_totals.get(label, 0)
        total = training_total + validation_total
        wanted = min(count, total)
        share = Fraction(str(sampling.validation_share))
        if sampling.validation_areas and not share:
            share = Fraction(validation_total, max(total, 1))
        validation = validation_total if sampling.strategy == "all" else round(share * wanted)
        training = training_total if sampling.strategy == "all" else wanted - validation
        quotas.append(
            Quota(label, count, training_total, validation_total, min(training, training_total), min(validation, validation_total))
        )
    return quotas


def check_not_empty(quotas: list[Quota]) -> None:
    """Raises:
    BadTruth: not one sample is left.
    """
    if not any(quota.taken for quota in quotas):
        table = ", ".join(f"{quota.label}: {quota.required} of {quota.total}" for quota in quotas)
        raise BadTruth("The strategy selects no sample", expected="at least one", received=table, remedy="Ask for more samples.")

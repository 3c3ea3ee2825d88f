"""How large the pixels of a model's sources are to each other, as far as the model tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Seen:
    """What is known of one source.

    Attributes:
        field: width of its receptive field in its own pixels.
        spacing: of its pixels in map units, from the contract; None if that does not tell.
        scale_factor: spacing of the output ÷ its spacing, from the graph of a fully convolutional model; None for patches.
    """

    field: int | None
    spacing: float | None = None
    scale_factor: Fraction | None = None


def spacing_ratios(sources: Sequence[Seen]) -> tuple[tuple[Fraction, ...], bool]:
    """The spacing of each source ÷ that of the first, and whether this is only assumed.

    The contract goes first, then the graph: there, all sources have the same outputs. Patches alone do not tell; then their windows are
    taken to cover the same ground, as those of a panchromatic and a multispectral branch usually do.
    """
    if len(sources) == 1:
        return (Fraction(1),), False
    spacings = [source.spacing for source in sources if source.spacing]
    if len(spacings) == len(sources):
        return tuple(Fraction(spacing / spacings[0]).limit_denominator(1000) for spacing in spacings), False
    scales = [source.scale_factor for source in sources if source.scale_factor]
    if len(scales) == len(sources):
        return tuple(scales[0] / scale for scale in scales), False
    return tuple(Fraction(sources[0].field or 1, source.field or 1) for source in sources), True

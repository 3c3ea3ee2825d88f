"""Whether a source has the bands and the pixel size that a model was trained with. Decisions only: serving acts on them.

Band names are compared as people read them: without regard to case, and a file that is named after its band, as Sentinel-2's are
(`T33UUU_20170216T102101_B02`, `…_B8A_20m`), is that band. A name that only counts (`image_1`, `Band 2`) says nothing of a band, nor does
that of a file whose name is unlike any of the model's bands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .contract import InputSpec

SPACING_TOLERANCE = 0.01  # of the spacing
_RESOLUTION = re.compile(r"_\d+m$")
_COUNTING = re.compile(r"(band|layer|channel)?[ _]?\d+")


@dataclass(frozen=True)
class Judgement:
    """What is wrong, what deserves a warning, and what is only worth saying; each empty for nothing."""

    fault: str = ""
    warning: str = ""
    remark: str = ""


def judge_bands(spec: InputSpec, names: Sequence[str], stems: Sequence[str]) -> Judgement:
    """Whether bands of these names are those of the input, in its order.

    Args:
        names: one a band.
        stems: for each band, the name of its file without folder and extension: an undescribed band is called after it.
    """
    if not spec.bands or all(_same(wanted, name) for wanted, name in zip(spec.bands, names, strict=True)):
        return Judgement()
    both = f"the model's are {', '.join(spec.bands)}, the images' {', '.join(names)}"
    wanted = {_short(name) for name in spec.bands}
    for band, name, stem in zip(spec.bands, names, stems, strict=True):
        told = not _counts(name, stem) and (name != stem or _short(name) in wanted)
        if told and not _counting(band) and not _same(band, name):
            return Judgement(fault=both)
    return Judgement(warning=f"The bands cannot be compared by their names: {both}. They are taken in the order given.")


def judge_spacing(spec: InputSpec, spacing: float, scale_factor: Fraction = Fraction(1)) -> Judgement:
    """Whether pixels of this size (map units) are as large as those that the model saw in training, to 1 %.

    A model that makes finer pixels (`scale_factor` below 1) may have learnt it on coarser images, made of those that it is then given:
    that is Wald's protocol, and no fault.
    """
    if spec.spacing is None or _as_large(spacing, spec.spacing):
        return Judgement()
    words = f"Its pixels are {spacing:.6g} map units wide, but the model was trained with {spec.spacing:.6g}"
    if scale_factor < 1 and _as_large(spacing, spec.spacing * float(scale_factor)):
        return Judgement(remark=f"{words}: what it has learnt there is taken to hold for finer pixels too (Wald's protocol).")
    return Judgement(warning=f"{words}.")


def _as_large(spacing: float, other: float) -> bool:
    return abs(spacing - other) <= SPACING_TOLERANCE * other


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold() or _short(one) == _short(other)


def _short(name: str) -> str:
    """The last part of a name, without a resolution: "b8a" of "T33UUU_20170216T102101_B8A_20m"; all of one that ends in a number."""
    whole = name.strip().casefold()
    last = _RESOLUTION.sub("", whole).rsplit("_", 1)[-1]
    return whole if last.isdigit() else last


def _counts(name: str, stem: str) -> bool:
    """Whether a name is only the file's with a number, or only a number."""
    rest = name[len(stem) :] if name.startswith(stem) else name
    return bool(_COUNTING.fullmatch(rest.strip().casefold()))


def _counting(name: str) -> bool:
    """Whether a name of a model's band only counts: its training image did not name its bands."""
    return bool(_COUNTING.fullmatch(name.strip().casefold())) or bool(re.search(r"_\d+$", name))

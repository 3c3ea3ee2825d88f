"""What is computed of the bands about a pixel: their values, means and deviations of a neighbourhood, normalised differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import BadParameter

Pair = tuple[int, int]


@dataclass(frozen=True)
class Recipe:
    """The features of the bands, in this order: values of all bands, of each source its means and then its deviations, indices.

    Attributes:
        counts: bands of each source.
        bands: whether their values are features.
        neighbourhood: side of the square whose mean and deviation are features of every band, in pixels of its source; odd; 0: none.
        indices: pairs (a, b) of bands, counted from 0 through all sources: (a − b) ÷ (a + b) is a feature.
    """

    counts: tuple[int, ...]
    bands: bool = True
    neighbourhood: int = 0
    indices: tuple[Pair, ...] = ()

    @property
    def side(self) -> int:
        """Of the square of pixels that has to be read about a pixel."""
        return max(self.neighbourhood, 1)

    @property
    def count(self) -> int:
        """How many features there are."""
        every = sum(self.counts)
        return every * self.bands + 2 * every * bool(self.neighbourhood) + len(self.indices)

    def names(self, bands: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """One a feature; `bands`: names of each source's bands, which carry the source's number where they are not unique."""
        flat = [name for names in bands for name in names]
        unique = len(set(flat)) == len(flat)
        told = [[name if unique else f"{number}: {name}" for name in names] for number, names in enumerate(bands, start=1)]
        return tuple(self._names(told, [name for names in told for name in names]))

    def _names(self, bands: Sequence[Sequence[str]], flat: Sequence[str]) -> Iterator[str]:
        if self.bands:
            yield from flat
        if self.neighbourhood:
            for names in bands:
                yield from (f"{name}, mean of {self.neighbourhood}²" for name in names)
                yield from (f"{name}, deviation in {self.neighbourhood}²" for name in names)
        yield from (f"({flat[a]} − {flat[b]}) ÷ sum" for a, b in self.indices)


def parse_indices(text: str, names: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs of "B08:B04, 2:4": bands by name, or by number from 1 on through all sources.

    Raises:
        BadParameter: no pair, no such band, a band with itself, or a name that several bands have.
    """
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        ends = [end.strip() for end in part.split(":")]
        if len(ends) != 2:
            raise BadParameter("Indices", expected="pairs of bands, such as B08:B04, B03:B08", received=part)
        first, second = (_band(end, names) for end in ends)
        if first == second:
            raise BadParameter("Indices", expected="two different bands", received=part)
        pairs.append((first, second))
    return tuple(pairs)


def _band(text: str, names: Sequence[str]) -> int:
    """A name counts before a number. A band that is called after its file, as T33UUU_20170216_B08 is, is B08 too."""
    wanted = text.casefold()
    for found in (
        [i for i, name in enumerate(names) if name.casefold() == wanted],
        [i for i, name in enumerate(names) if name.casefold().endswith(f"_{wanted}") and not wanted.isdigit()],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(i + 1) for i in found)
            raise BadParameter(f"Indices: several bands are called {text}", received=f"bands {numbers}", remedy="Use their numbers.")
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    listed = ", ".join(f"{i} {name}" for i, name in enumerate(names, start=1))
    raise BadParameter("Indices: there is no such band", expected=f"one of {listed}", received=repr(text))

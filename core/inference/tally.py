"""What a run does not compute, and why; and what it had to clip: counted as blocks go by, said once at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..reporting import Reporter


@dataclass
class Tally:
    """Counts what goes through a run.

    Attributes:
        blocks: all; those `masked` lay outside the mask, those `empty` had no data.
        pixels: of the output; those `valid` have data.
        values: that were written to files; those `clipped` did not fit their pixel type.
    """

    blocks: int = 0
    masked: int = 0
    empty: int = 0
    pixels: int = 0
    valid: int = 0
    values: int = 0
    clipped: int = 0

    def feed(self, valid: np.ndarray, outside_mask: bool) -> None:
        """Count a block: which of its outputs have data, and whether none is wanted."""
        self.blocks += 1
        self.pixels += valid.size
        self.valid += int(np.count_nonzero(valid))
        if not valid.any():
            self.masked += outside_mask
            self.empty += not outside_mask

    def clip(self, clipped: int, values: int) -> None:
        """Count values that go into a file."""
        self.clipped += clipped
        self.values += values

    def report(self, reporter: Reporter) -> None:
        """Say what is worth saying."""
        if self.masked or self.empty:
            reasons = [f"{count} {why}" for count, why in ((self.masked, "outside the mask"), (self.empty, "without data")) if count]
            reporter.info(f"{self.masked + self.empty} of {self.blocks} blocks were not computed: {', '.join(reasons)}.")
        if self.valid < self.pixels:
            reporter.info(f"{_percent(self.pixels - self.valid, self.pixels)} of the output's pixels have no data.")
        if self.pixels and not self.valid:
            reporter.warn("The output has no data at all: check the no-data value, the no-data rule and the mask.")
        if self.clipped:
            reporter.warn(
                f"{_percent(self.clipped, self.values)} of the values do not fit the pixel type with this scale and offset: they were "
                "clipped. Choose a wider pixel type or another scale."
            )


def _percent(part: int, whole: int) -> str:
    """A share that is not said to be none, or all, unless it is."""
    share = 100 * part / max(whole, 1)
    text = f"{share:.2f}" if 0.005 <= share <= 99.995 else f"{share:.2g}" if share < 1 else f"{share:.6g}"
    return f"{text} %"

"""Outputs that come cropped, by their names: OTBTF calls them `x_crop16`, SR4RS `output_64`.

Both programs train with zero padding, whose borders are wrong, and export every output several times, each cut by another margin so
that tiles fit together. Here such a name only explains what an output is: how far borders reach is read off the graph.
"""

from __future__ import annotations

import re

_CROPPED = re.compile(r"(?:.*_crop|output_)(\d{1,5})(?::\d+)?")


def margin_of(name: str) -> int | None:
    """Output pixels that an output of this name lacks on every side; None for a name that tells of no margin."""
    found = _CROPPED.fullmatch(name.rsplit("/", 1)[-1])
    return int(found.group(1)) if found else None

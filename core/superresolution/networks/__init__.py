"""The networks for super-resolution, by the names that jobs give them."""

from __future__ import annotations

from typing import Any

from ...errors import BadParameter
from ...jobs.superresolution import FACTORS
from . import edsr, sr4rs

# Of the learning rate, against a discriminator. Its rate is equalised; a network whose rate is not takes steps that are ten times as large
# for its weights, and outruns it (measured: after some ten epochs values rise without end).
PACES = {"light": 0.1, "sr4rs": 1.0}

_BUILDERS = {"light": edsr.build, "sr4rs": sr4rs.build}


def build(network: str, bands: int, factor: int, filters: int = 0, blocks: int = 0, guide: int = 0) -> Any:
    """A network with random weights.

    Args:
        network: "light" or "sr4rs".
        filters, blocks: 0: as many as the network usually has.
        guide: bands of a second image, as fine as the one that is made; 0: there is none.

    Returns:
        A keras.Model of one input (any rows, any columns, bands), or of the guide as well. Its first output has `factor` times
        as many rows and columns, and the values of the input; others are the same picture at coarser scales, finest first, for training.

    Raises:
        BadParameter: a factor that no network is made for.
    """
    if factor not in FACTORS:
        raise BadParameter("FACTOR", expected="one of " + ", ".join(map(str, FACTORS)), received=factor)
    options = {name: value for name, value in (("filters", filters), ("blocks", blocks)) if value}
    return _BUILDERS[network](bands, factor, guide, **options)

"""What an architecture of the gallery tells: what it is for, and how to build its network; and the ends that all networks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BadParameter
from ..backend import keras

# By these names training and serving find their way in a network (core/training/, core/model/folder.py).
NORMALIZATION, FEATURES, LOGITS, PROBABILITIES, VALUES = "normalization", "features", "logits", "probabilities", "values"
TIME_SERIES = "time series"


@dataclass(frozen=True)
class Wish:
    """What a network is to take and to give.

    Attributes:
        bands: of each source; of a time series those of all dates, date after date.
        classes: to tell apart; 0: it does not classify.
        targets: measurements to estimate; 0: it estimates none. With classes as well, the network has two heads.
        dates: of the time series.
    """

    bands: tuple[int, ...]
    classes: int = 0
    targets: int = 0
    dates: int = 1

    def bands_of_a_date(self, source: int = 0) -> int:
        """Bands that a time series has at each date."""
        return self.bands[source] // self.dates


@dataclass(frozen=True)
class Architecture:
    """One network of the gallery, for any number of bands, classes and measurements.

    Attributes:
        id: what users and scripts name it by.
        title: one line for people.
        paper: where it comes from.
        sources: what each input takes, such as "image", "time series", "panchromatic image".
        build: the functional keras.Model of a wish: its inputs are made by `image_input`, its outputs by `heads`.
        trainable: False for arithmetic that learns nothing; such a network has no heads, and leaves classes and measurements aside.
        same_bands: whether all sources need the same number of bands.
    """

    id: str
    title: str
    paper: str
    sources: tuple[str, ...]
    build: Callable[[Wish], Any]
    trainable: bool = True
    same_bands: bool = False

    @property
    def temporal(self) -> bool:
        """Whether a source is a time series, so that the number of dates matters."""
        return TIME_SERIES in self.sources

    def check(self, wish: Wish) -> None:
        """Raises:
        BadParameter: another number of sources than the architecture has, a source without bands or with others than it needs, dates
            that do not share out the bands, or neither classes nor measurements to learn.
        """
        about = f"for the architecture {self.id}"
        if len(wish.bands) != len(self.sources):
            raise BadParameter(
                f"Bands {about}",
                expected=f"one number for each of its {len(self.sources)} source(s): {', '.join(self.sources)}",
                received=", ".join(map(str, wish.bands)) or "none",
            )
        if min(wish.bands) < 1:
            raise BadParameter(f"Bands {about}", expected="at least 1", received=min(wish.bands))
        if self.same_bands and len(set(wish.bands)) > 1:
            raise BadParameter(f"Bands {about}", expected="the same number in all sources", received=", ".join(map(str, wish.bands)))
        if self.temporal and wish.bands[self.sources.index(TIME_SERIES)] % wish.dates:
            received = f"{wish.bands[self.sources.index(TIME_SERIES)]} bands, {wish.dates} dates"
            raise BadParameter(f"Dates {about}", expected="as many bands at every date", received=received)
        if self.trainable and (wish.classes == 1 or not (wish.classes or wish.targets)):
            raise BadParameter(f"Classes {about}", expected="at least 2, or measurements to estimate", received=wish.classes)


def image_input(number: int, height: int | None, width: int | None, bands: int) -> tuple[Any, Any]:
    """The input of source `number` (from 1) and its bands, normalised: training teaches the layer their mean and variance.

    Args:
        height, width: of the patches; None where the network takes any size.
    """
    source = keras.Input((height, width, bands), name=f"source{number}")
    return source, keras.layers.Normalization(name=f"{NORMALIZATION}{number}")(source)


def heads(name: str, inputs: Sequence[Any], x: Any, wish: Wish) -> Any:
    """The network that ends with what is wished for: a softmax over the classes, a linear estimate of the measurements, or both.

    Args:
        x: (samples, channels) for one answer a patch, or (samples, rows, cols, channels) for one a pixel.
    """
    outputs = []
    if wish.classes:
        outputs.append(keras.layers.Softmax(name=PROBABILITIES)(_linear(x, wish.classes, LOGITS)))
    if wish.targets:
        # The layers before it work with numbers about 0; this one gives them the measurements' mean and spread, learnt like the bands'.
        scaling = keras.layers.Normalization(invert=True, name=VALUES)
        outputs.append(scaling(_linear(x, wish.targets, f"scaled_{VALUES}")))
    alone = [part if len(part) > 1 else part[0] for part in (list(inputs), outputs)]
    return keras.Model(*alone, name=name)


def _linear(x: Any, channels: int, name: str) -> Any:
    """A dense layer; along the pixels of a map it is a convolution of 1 × 1."""
    layer = keras.layers.Dense(channels, name=name) if len(x.shape) == 2 else keras.layers.Conv2D(channels, 1, name=name)
    return layer(x)


def named_features(x: Any) -> Any:
    """Call this tensor the network's deep features: an output when it is served, and what random forests are trained on."""
    return keras.layers.Activation("linear", name=FEATURES)(x)

"""What the user gave, read as plain values: one short call a parameter, so that a page's translation reads as a list."""

from __future__ import annotations

from typing import Any, Callable, Optional, TypeVar

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingFeedback, QgsProcessingUtils

from ..core.errors import BadParameter
from . import layers
from .base import Parameters
from .layers import Extent
from .parameters import source_numbers

T = TypeVar("T")


class Values:
    """The values of one run. The names are those of the algorithm's parameters; paths come back absolute, "" if not given."""

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        parameters: Parameters,
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> None:
        self._algorithm, self._parameters, self._context, self._feedback = algorithm, parameters, context, feedback

    def given(self, name: str) -> bool:
        """Whether there is a value at all; an output that is not wanted has none."""
        return bool(layers.flatten(self._parameters.get(name)))

    def whole(self, name: str) -> int:
        """A whole number."""
        return int(self._algorithm.parameterAsInt(self._parameters, name, self._context))

    def real(self, name: str) -> float:
        """A real number."""
        return float(self._algorithm.parameterAsDouble(self._parameters, name, self._context))

    def optional_whole(self, name: str) -> Optional[int]:
        """A whole number, None if it was left out."""
        return self.whole(name) if self.given(name) else None

    def optional_real(self, name: str) -> Optional[float]:
        """A real number, None if it was left out."""
        return self.real(name) if self.given(name) else None

    def optional_size(self, name: str) -> Optional[tuple[int, int]]:
        """Width and height from NAME_X and NAME_Y, None if both were left out.

        Raises:
            BadParameter: only one of them was given.
        """
        width, height = self.optional_whole(f"{name}_X"), self.optional_whole(f"{name}_Y")
        if width is None and height is None:
            return None
        if width is None or height is None:
            raise BadParameter(f"{name}_X and {name}_Y", expected="both, or none", received=f"{width} and {height}")
        return width, height

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return bool(self._algorithm.parameterAsBool(self._parameters, name, self._context))

    def word(self, name: str) -> str:
        """One of the options."""
        return str(self._algorithm.parameterAsEnumString(self._parameters, name, self._context))

    def text(self, name: str) -> str:
        """A text, a field's name."""
        return str(self._algorithm.parameterAsString(self._parameters, name, self._context))

    def texts(self, name: str) -> tuple[str, ...]:
        """Several texts, such as fields' names."""
        read = getattr(self._algorithm, "parameterAsStrings", None) or self._algorithm.parameterAsFields  # the new name came with QGIS 3.36
        return tuple(read(self._parameters, name, self._context))

    def file(self, name: str) -> str:
        """An input file or folder."""
        path = self.text(name)
        return layers.absolute(path) if path else ""

    def raster(self, name: str) -> str:
        """What GDAL opens to read one raster."""
        items = layers.flatten(self._parameters.get(name))
        return layers.raster_path(items[0], self._context, name) if items else ""

    def rasters(self, name: str) -> tuple[str, ...]:
        """The same for several, in the order given."""
        items = layers.flatten(self._parameters.get(name))
        return tuple(layers.raster_path(item, self._context, name) for item in items)

    def sources(self, build: Callable[[Values, int], T], name: str = "SOURCE{}", first: int = 1) -> tuple[T, ...]:
        """What `build` makes of every source from `first` on that was given, in order.

        Raises:
            BadParameter: a source is left out between others: the inputs of the model would be mixed up.
        """
        numbers = [index for index in source_numbers(first) if self.given(name.format(index))]
        if numbers and numbers != list(range(first, first + len(numbers))):
            missing = next(index for index in source_numbers(first) if index not in numbers)
            raise BadParameter(
                f"{name.format(missing)} is empty",
                expected=f"sources from {first} on without a gap",
                received=", ".join(name.format(index) for index in numbers),
            )
        return tuple(build(self, index) for index in numbers)

    def vector(self, name: str) -> tuple[str, str]:
        """Path and layer name of a file with the features."""
        return layers.vector_path(self._algorithm, self._parameters, name, self._context, self._feedback)

    def extent(self, name: str, reference: str) -> Optional[Extent]:
        """(xmin, ymin, xmax, ymax) in the CRS of the first raster of the parameter `reference`."""
        items = layers.flatten(self._parameters.get(reference))
        return layers.extent_in(self._algorithm, self._parameters, name, self._context, items[0] if items else "")

    def output(self, name: str) -> str:
        """A raster to write; "" if it is not wanted. Asking also tells QGIS to load it afterwards, if the user wants that."""
        if not self.given(name):
            return ""
        return layers.absolute(self._algorithm.parameterAsOutputLayer(self._parameters, name, self._context))

    def needed_output(self, name: str, cause: str) -> str:
        """The same for an output that is optional in itself, but not when the parameter `cause` is given.

        Raises:
            BadParameter: it is missing.
        """
        if not self.given(name):
            raise BadParameter(
                f"{name} is empty", expected=f"a file to write, because {cause} is given", remedy=f"Give {name}, or leave {cause} out."
            )
        return self.output(name)

    def file_output(self, name: str) -> str:
        """A file or folder to write; "" if it is not wanted."""
        if not self.given(name):
            return ""
        return layers.absolute(self._algorithm.parameterAsFileOutput(self._parameters, name, self._context))

    def features_output(self, name: str) -> str:
        """A temporary GeoPackage for the engine, whose features go to the sink afterwards (`keep_features`); "" if they are not wanted."""
        return str(QgsProcessingUtils.generateTempFilename(f"{name.lower()}.gpkg")) if self.given(name) else ""

    def keep_features(self, name: str, path: Any) -> str:
        """Copy the features of the engine's temporary file to the sink; what names it afterwards."""
        return layers.copy_features(self._algorithm, self._parameters, name, self._context, self._feedback, str(path))

    def with_features_kept(self, outputs: dict[str, Any], *names: str) -> dict[str, Any]:
        """The engine's outputs, those of these names that are wanted with their features copied to where the user wants them."""
        return {**outputs, **{name: self.keep_features(name, outputs[name]) for name in names if self.given(name)}}

"""The parameters of *Serve model*, most of which *Superresolve* has too."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingOutputNumber, QgsProcessingParameterString

from ...core import jobs
from ..base import EngineAlgorithm
from ..parameters import (
    explained,
    extent,
    model_folder,
    nodata,
    of_field,
    optional_number,
    optional_size,
    raster,
    raster_output,
    source,
    source_numbers,
)
from ..values import Values


class ServeParameters(EngineAlgorithm):
    """Declares them; the algorithm itself makes a job of their values."""

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        for index in source_numbers():
            self.addParameter(source(index, self.tr("The images to apply the model to.")))
            self.addParameter(nodata(index))
        self.addParameter(model_folder())
        text = self.tr("The part of source 1 to compute, in any CRS. Empty: all of it.")
        self.addParameter(extent(text))
        self._add_ways()
        self._add_stored()
        self._add_outputs()

    def _options(self, values: Values) -> dict[str, Any]:
        """What `_add_ways` declares, as fields of the job."""
        return {
            "model": values.file("MODEL"),
            "mode": values.word("MODE"),
            "expression_field": values.optional_size("EXPRESSION_FIELD"),
            "scale_factor": values.text("SCALE_FACTOR").strip(),
            "mask": values.raster("MASK"),
            "nodata_rule": values.word("NODATA_RULE"),
            "resample": values.word("RESAMPLE"),
            "block_size": values.whole("BLOCK_SIZE"),
            "memory": values.whole("MEMORY"),
            "edges": values.word("EDGES"),
            "overlap": values.whole("OVERLAP"),
            "augmentation": values.word("AUGMENTATION"),
            "precision": values.word("PRECISION"),
            "resume": values.flag("RESUME"),
            "signature": values.text("SIGNATURE").strip(),
            "placeholders": values.text("USER_PLACEHOLDERS").strip(),
            "trust": values.flag("TRUST_MODEL"),
        }

    def _add_ways(self) -> None:
        """How the model is applied."""
        self._add_mask()
        self._add_choices()
        self._add_better()
        self._add_geometry()
        self._add_foreign()

    def _add_geometry(self) -> None:
        """What the model tells itself, as a rule."""
        for index in source_numbers():
            what = self.tr("Receptive field of source {}").format(index)
            self._add_size(f"RECEPTIVE_FIELD{index}", what, self.tr("In pixels of this source. Empty: read from the model."))
        self._add_size("EXPRESSION_FIELD", self.tr("Expression field"), self.tr("In output pixels. Empty: read from the model."))
        self._add_text(
            "SCALE_FACTOR",
            self.tr("Scale factor"),
            self.tr("Output pixel size ÷ pixel size of source 1, such as 1/4. Empty: read from the model."),
        )

    def _add_foreign(self) -> None:
        """What only models of other programs need."""
        for name, label, text in (
            ("SIGNATURE", self.tr("Signature of the model"), self.tr("Empty: serving_default, or the only one that the model has.")),
            (
                "USER_PLACEHOLDERS",
                self.tr("User placeholders"),
                self.tr(
                    "Values for the model's inputs that take no image: name=value with commas between, such as lr=1e-4, "
                    "is_training=false, sizes=1 2 3. Empty: none."
                ),
            ),
        ):
            self._add_text(name, label, text)
        trust = self.tr(
            "Loads the model even if it holds operations that read or write files, use the network or run Python. Tick it only if you know "
            "who made the model and what it needs them for."
        )
        self.addParameter(of_field("TRUST_MODEL", self.tr("Trust the model"), trust, jobs.ServeModel, "trust", advanced=True))

    def _add_mask(self) -> None:
        text = self.tr(
            "Only map pixels whose centre lies on a pixel of it above 0 are computed; the others become no-data. Any grid, any CRS. Blocks "
            "outside are not even read."
        )
        self.addParameter(raster("MASK", self.tr("Mask"), text, optional=True, advanced=True))
        for name, label, text in (
            (
                "NODATA_RULE",
                self.tr("No-data rule"),
                self.tr(
                    "A pixel of a source has no data if all, or if any, of its bands have none. Not-a-number in one band always counts, "
                    "and so do the mask of an image and, where the model takes a band less, its transparency."
                ),
            ),
            (
                "RESAMPLE",
                self.tr("Resample sources"),
                self.tr(
                    "How a source whose grid does not fit that of source 1, or an image that does not lie on the first one of its source, "
                    "is brought onto it while it is read; what fits stays as it is. none: it is refused, with the numbers. nearest: for "
                    "classes; bilinear, cubic: for measurements."
                ),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.ServeModel, name.lower(), advanced=True))

    def _add_better(self) -> None:
        """What trades time for quality, or quality for time."""
        for name, label, text in (
            (
                "OVERLAP",
                self.tr("Overlap"),
                self.tr(
                    "Output pixels by which neighbouring expression fields overlap; they are blended. For models that are weak at the "
                    "border of what they give: half the expression field suits, for four times the work. For a model of any "
                    "size, give the receptive field and the expression field to work in as well. 0: none."
                ),
            ),
            (
                "AUGMENTATION",
                self.tr("Test-time augmentation"),
                self.tr(
                    "The mean over the flips of the image (four times the work), or over all flips and quarter turns (eight times). "
                    "Classes follow from the mean of their probabilities where the model tells them, else the majority wins."
                ),
            ),
            (
                "PRECISION",
                self.tr("Precision"),
                self.tr("fast: bfloat16, about twice as fast where the processor or the graphics card has it, with small differences."),
            ),
            (
                "RESUME",
                self.tr("Resume"),
                self.tr(
                    "Goes on from the finished blocks of a run that was stopped, and keeps those of this one, uncompressed beside the map, "
                    "until it has ended well. The map needs a name of its own: a temporary one is not found again. A changed image, model "
                    "or parameter is noticed and starts afresh."
                ),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.ServeModel, name.lower(), advanced=True))

    def _add_stored(self) -> None:
        """How the values of the model stand in the files."""
        text = self.tr(
            "Of the map and the probabilities. automatic: the model's own, or the smallest that holds the classes; widened where else a "
            "value could be taken for no-data."
        )
        self.addParameter(of_field("OUTPUT_TYPE", self.tr("Pixel type"), text, jobs.Product, "dtype", advanced=True))
        text = self.tr(
            "Value of the model = pixel × scale + offset; QGIS shows the value. What does not fit the pixel type is clipped, and said. "
            "Empty: 1, or for probabilities in whole numbers 0.004 (uint8) or 0.0001. Not for class codes."
        )
        self.addParameter(optional_number("OUTPUT_SCALE", self.tr("Scale of the pixels"), text, advanced=True))
        text = self.tr("Value of the model = pixel × scale + offset. Empty: 0. Not for class codes.")
        self.addParameter(optional_number("OUTPUT_OFFSET", self.tr("Offset of the pixels"), text, advanced=True))

    def _add_choices(self) -> None:
        self._add_text(
            "OUTPUTS",
            self.tr("Outputs of the model"),
            self.tr(
                "Names with commas between, as its signature or its graph has them (prediction:0); they are stacked. Empty: its main one."
            ),
        )
        for name, label, text in (
            ("MODE", self.tr("Mode"), self.tr("How the model is applied; automatic suits.")),
            (
                "BLOCK_SIZE",
                self.tr("Block size"),
                self.tr("Output pixels on a side computed at once. 0: by a short trial, within the memory budget."),
            ),
            ("MEMORY", self.tr("Memory budget"), self.tr("In MB. 0: a share of what is free.")),
            (
                "EDGES",
                self.tr("Edges"),
                self.tr("What stands for the pixels outside the image; valid: what would need them becomes no-data."),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.ServeModel, name.lower(), advanced=True))

    def _add_text(self, name: str, label: str, text: str) -> None:
        self.addParameter(explained(QgsProcessingParameterString(name, label, None, False, True), text, advanced=True))

    def _add_size(self, name: str, what: str, text: str) -> None:
        for parameter in optional_size(name, what, text):
            self.addParameter(parameter)

    def _add_outputs(self) -> None:
        self.addParameter(raster_output("OUTPUT", self.tr("Map"), self.tr("GeoTIFF on the grid of source 1 (times the scale factor).")))
        self.addParameter(
            raster_output(
                "PROBABILITIES",
                self.tr("Probabilities"),
                self.tr("GeoTIFF with a band for each class, from 0 to 1; of models that tell them."),
                optional=True,
            )
        )
        self._add_numbers()

    def _add_numbers(self) -> None:
        for name, label in (
            ("BLOCK_SIZE", self.tr("Block size used, in output pixels")),
            ("WIDTH", self.tr("Width of the map, in pixels")),
            ("HEIGHT", self.tr("Height of the map, in pixels")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))


def outputs_of_model(values: Values) -> tuple[str, ...]:
    """The names in OUTPUTS."""
    return tuple(name.strip() for name in values.text("OUTPUTS").split(",") if name.strip())


def served_source(values: Values, index: int, images: str = "") -> jobs.ServedSource:
    """One source; `images`: the name of the parameter that takes its images, if not SOURCEn."""
    return jobs.ServedSource(
        images=values.rasters(images or f"SOURCE{index}"),
        nodata=values.optional_real(f"NODATA{index}"),
        receptive_field=values.optional_size(f"RECEPTIVE_FIELD{index}"),
    )

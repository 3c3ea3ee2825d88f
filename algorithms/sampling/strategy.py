"""How many samples, which, and which of them for validation: the parameters that both sample selections share."""

from __future__ import annotations

from qgis.core import QgsProcessingAlgorithm, QgsProcessingOutputNumber
from qgis.PyQt.QtCore import QCoreApplication

from ...core import jobs
from ..parameters import file, file_output, of_field, points_output, seed, vector
from ..values import Values

translate = QCoreApplication.translate


def add_strategy(algorithm: QgsProcessingAlgorithm) -> None:
    """How many samples, which of the candidates, and which of them for validation; defaults and ranges are those of the job."""
    owner = jobs.Sampling
    algorithm.addParameter(
        of_field(
            "STRATEGY",
            translate("Strategy", "Strategy: how many samples"),
            translate(
                "Strategy",
                "smallest: of every class as many as the rarest has. constant: the number below of each class. percent: the percentage "
                "below of each class. total: the number below in all, shared in proportion. all: every candidate. byclass: the counts of "
                "a CSV file.",
            ),
            owner,
            "strategy",
        )
    )
    algorithm.addParameter(
        of_field(
            "NUMBER",
            translate("Strategy", "Number of samples"),
            translate(
                "Strategy",
                "Samples of each class (strategy constant), or in all (strategy total). A class that has fewer gives what it has.",
            ),
            owner,
            "number",
        )
    )
    algorithm.addParameter(
        of_field(
            "PERCENT",
            translate("Strategy", "Percentage"),
            translate("Strategy", "Share of the pixels of each class, in percent (strategy percent)."),
            owner,
            "percent",
        )
    )
    algorithm.addParameter(
        file(
            "BYCLASS",
            translate("Strategy", "Counts by class"),
            translate("Strategy", "CSV file with the columns class and count (strategy byclass)."),
            "csv",
        )
    )
    algorithm.addParameter(
        of_field(
            "SAMPLER",
            translate("Strategy", "Sampler"),
            translate("Strategy", "random: the exact count, at random. periodic: every n-th candidate, spread over the truth."),
            owner,
            "sampler",
            advanced=True,
        )
    )
    algorithm.addParameter(
        of_field(
            "JITTER",
            translate("Strategy", "Jitter of the periodic sampler"),
            translate("Strategy", "In candidates: each sample moves at random by up to so many, within its period. 0: none."),
            owner,
            "jitter",
            advanced=True,
        )
    )
    _add_validation(algorithm)
    algorithm.addParameter(seed(owner))


def _add_validation(algorithm: QgsProcessingAlgorithm) -> None:
    algorithm.addParameter(
        of_field(
            "VALIDATION_SHARE",
            translate("Strategy", "Share for validation"),
            translate(
                "Strategy",
                "Share of the samples that is kept apart for validation: 0 for none, below 1. With a layer of validation areas, 0 means: "
                "as many as they have in proportion.",
            ),
            jobs.Sampling,
            "validation_share",
        )
    )
    algorithm.addParameter(
        of_field(
            "SPATIAL_BLOCK",
            translate("Strategy", "Side of the validation areas"),
            translate(
                "Strategy",
                "In map units of the image. Square areas of this side go to training or to validation as a whole, so that validation "
                "samples are no neighbours of training samples. 0: whole polygons go to one side.",
            ),
            jobs.Sampling,
            "spatial_block",
        )
    )
    algorithm.addParameter(
        vector(
            "VALIDATION_AREAS",
            translate("Strategy", "Validation areas"),
            translate(
                "Strategy",
                "Polygons, in any CRS: samples inside them go to validation, all others to training. Instead of square areas or whole "
                "polygons of the truth.",
            ),
            "polygons",
            optional=True,
            advanced=True,
        )
    )
    algorithm.addParameter(
        of_field(
            "SPATIAL_BUFFER",
            translate("Strategy", "Buffer around validation"),
            translate(
                "Strategy",
                "In map units of the image. No training sample is nearer than this to a pixel that may validate. 0: none.",
            ),
            jobs.Sampling,
            "spatial_buffer",
            advanced=True,
        )
    )


def add_sample_outputs(algorithm: QgsProcessingAlgorithm) -> None:
    """OUTPUT, OUTPUT_VALIDATION (points), RATES (CSV), OUTPUT_HTML, and the numbers that a model can use."""
    algorithm.addParameter(
        points_output(
            "OUTPUT",
            translate("Strategy", "Samples"),
            translate("Strategy", "Points at pixel centres, with the fields of the truth."),
        )
    )
    algorithm.addParameter(
        points_output(
            "OUTPUT_VALIDATION",
            translate("Strategy", "Validation samples"),
            translate("Strategy", "The samples kept apart, if a share or areas for validation are given."),
            optional=True,
        )
    )
    algorithm.addParameter(
        file_output(
            "RATES",
            translate("Strategy", "Sampling rates"),
            translate(
                "Strategy",
                "A table with the columns class, required, total, rate, training, validation and kept_apart (pixels in the buffer).",
            ),
            translate("Strategy", "CSV files (*.csv)"),
            wanted=False,
        )
    )
    algorithm.addParameter(
        file_output(
            "OUTPUT_HTML",
            translate("Strategy", "Report"),
            translate("Strategy", "A chart and a table of the samples of each class, for training and for validation, as one page."),
            translate("Strategy", "HTML files (*.html)"),
            wanted=False,
        )
    )
    for name, label in (
        ("SAMPLES", translate("Strategy", "Number of samples")),
        ("VALIDATION_SAMPLES", translate("Strategy", "Number of validation samples")),
        ("CLASSES", translate("Strategy", "Number of classes")),
        ("KEPT_APART", translate("Strategy", "Number of pixels in the buffer, left out")),
    ):
        algorithm.addOutput(QgsProcessingOutputNumber(name, label))


def read_sampling(values: Values) -> jobs.Sampling:
    """The strategy that the user chose."""
    areas, areas_layer = values.vector("VALIDATION_AREAS") if values.given("VALIDATION_AREAS") else ("", "")
    return jobs.Sampling(
        strategy=values.word("STRATEGY"),
        number=values.whole("NUMBER"),
        percent=values.real("PERCENT"),
        byclass=values.file("BYCLASS"),
        sampler=values.word("SAMPLER"),
        validation_share=values.real("VALIDATION_SHARE"),
        spatial_block=values.real("SPATIAL_BLOCK"),
        validation_areas=areas,
        validation_areas_layer=areas_layer,
        spatial_buffer=values.real("SPATIAL_BUFFER"),
        jitter=values.whole("JITTER"),
        seed=values.whole("SEED"),
    )

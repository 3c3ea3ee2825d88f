"""The jobs that the engine does: what each is given, in one frozen dataclass a job.

A job is checked when it is made, in either process, so that a wrong value is an error before any work starts. Paths are
absolute strings; sizes are in pixels of the image they belong to; extents are (xmin, ymin, xmax, ymax) in the CRS of the
reference source; an empty path means "not wanted" or "not given".

Standard library only, Python 3.9: the plugin and the engine both import this package.
"""

from __future__ import annotations

from .base import NODATA_RULES, PRECISIONS, RESAMPLINGS, Extent, Job, Part
from .classification import CLASSIFIERS, KERNELS, STANDARDIZATIONS, AssessAccuracy, ClassifyImage, Learning, TrainClassifier
from .extraction import ExtractPatches, LabelImage, PatchSource
from .sampling import (
    PATCH_STRATEGIES,
    SAMPLERS,
    STRATEGIES,
    ClassStatistics,
    Sampling,
    SelectPatches,
    SelectSamples,
    SelectSamplesFromLabels,
)
from .serving import AUGMENTATIONS, EDGES, MODES, PIXEL_TYPES, InspectModel, Product, ServedSource, ServeModel, Serving
from .superresolution import (
    ADVERSARIAL,
    FACTORS,
    NETWORKS,
    CompareQuality,
    ImageFitting,
    ImageLosses,
    PairSet,
    Superresolve,
    TrainSuperresolution,
)
from .tools import NORMALIZATIONS, NORMALIZED_TYPES, CheckEngine, CreateDemoScene, DrawMap, Normalize
from .training import (
    DISTRIBUTIONS,
    LOSSES,
    MONITORS,
    OPTIMIZERS,
    SCHEDULES,
    TASKS,
    CreateModel,
    Fitting,
    GraphTraining,
    PatchAugmentation,
    PatchSet,
    TrainModel,
)
from .wire import JOBS, from_dict, outputs_of, to_dict

__all__ = [
    "ADVERSARIAL",
    "AUGMENTATIONS",
    "CLASSIFIERS",
    "DISTRIBUTIONS",
    "EDGES",
    "FACTORS",
    "JOBS",
    "KERNELS",
    "LOSSES",
    "MODES",
    "MONITORS",
    "NETWORKS",
    "NODATA_RULES",
    "NORMALIZATIONS",
    "NORMALIZED_TYPES",
    "OPTIMIZERS",
    "PATCH_STRATEGIES",
    "PIXEL_TYPES",
    "PRECISIONS",
    "RESAMPLINGS",
    "SAMPLERS",
    "SCHEDULES",
    "STANDARDIZATIONS",
    "STRATEGIES",
    "TASKS",
    "AssessAccuracy",
    "CheckEngine",
    "ClassStatistics",
    "ClassifyImage",
    "CompareQuality",
    "CreateDemoScene",
    "CreateModel",
    "DrawMap",
    "Extent",
    "ExtractPatches",
    "Fitting",
    "GraphTraining",
    "ImageFitting",
    "ImageLosses",
    "InspectModel",
    "Job",
    "LabelImage",
    "Learning",
    "Normalize",
    "PairSet",
    "Part",
    "PatchAugmentation",
    "PatchSet",
    "PatchSource",
    "Product",
    "Sampling",
    "SelectPatches",
    "SelectSamples",
    "SelectSamplesFromLabels",
    "ServeModel",
    "ServedSource",
    "Serving",
    "Superresolve",
    "TrainClassifier",
    "TrainModel",
    "TrainSuperresolution",
    "from_dict",
    "outputs_of",
    "to_dict",
]

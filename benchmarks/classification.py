"""Classifying an image against scikit-learn's own `predict` on the same pixels in memory."""

from __future__ import annotations

import os

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from core.classes import make_classes
from core.classification import classify
from core.classification.archive import write_classifier
from core.classification.contract import ClassifierContract
from core.classification.recipe import Recipe
from core.jobs import ClassifyImage, ServedSource
from core.model.contract import InputSpec
from core.reporting import Reporter

from . import scene
from .measure import paired_ratio

SIDE, BANDS, CLASSES, TREES, SAMPLES = 1000, 4, 6, 100, 5000


def classify_vs_sklearn(folder: str) -> float:
    """Time of `predict` of a forest of 100 trees on a million pixels in memory ÷ that of our job, from the file to the map."""
    image = scene.image(folder, SIDE, BANDS)
    pixels = scene.pixels(image).reshape(-1, BANDS)
    path, forest = os.path.join(folder, "forest.skops"), _forest(pixels)
    _save(path, forest)
    job = ClassifyImage((ServedSource((image,)),), path, output=os.path.join(folder, "classes.tif"))
    return paired_ratio(lambda: forest.predict(pixels), lambda: classify.run(job, Reporter(lambda event: None)))


def _forest(pixels: np.ndarray) -> RandomForestClassifier:
    """Trained on some of the pixels; classes follow the bands, with as much noise as real samples have."""
    rng = np.random.default_rng(0)
    chosen = pixels[rng.choice(len(pixels), SAMPLES, replace=False)]
    told = chosen @ rng.normal(size=BANDS) + rng.normal(0, 300, SAMPLES)
    label = np.searchsorted(np.quantile(told, np.arange(1, CLASSES) / CLASSES), told)
    return RandomForestClassifier(TREES, n_jobs=-1, random_state=0).fit(chosen, label)


def _save(path: str, forest: RandomForestClassifier) -> None:
    bands = tuple(f"image_{SIDE}_{BANDS}_{band}" for band in range(1, BANDS + 1))
    spec = InputSpec("source1", bands, BANDS, "uint16", (1, 1), 10.0)
    classes = make_classes((code, f"class {code}") for code in range(1, CLASSES + 1))
    write_classifier(
        path, Pipeline([("classifier", forest)]), ClassifierContract("rf", (spec,), Recipe((BANDS,)), None, bands, classes, {})
    )

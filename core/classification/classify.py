"""The job classifyimage: the map of a classifier, its features streamed block by block."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import BadModel
from ..inference.memory import LEAST, MB, Budget, host_free
from ..inference.plan import Block
from ..inference.products import OutputFile
from ..inference.tally import Tally
from ..inference.tiles import room_for_tiles
from ..jobs import ClassifyImage, Product, ServeModel
from ..raster.cache import tile_cache
from ..raster.source import Source
from ..raster.writer import RasterWriter
from ..reporting import Reporter
from ..stream import Stream
from .archive import read_classifier
from .blocks import FeatureReader, Loaded, block_size, pixel_bytes, stacked
from .contract import REMEDY, ClassifierContract, check_source, fingerprint
from .learners import NAMES
from .maps import output_files
from .opening import Opened, open_features
from .predict import Predictor
from .recipe import Recipe

OUTPUTS = {
    "OUTPUT": "output",
    "CONFIDENCE": "output_confidence",
    "PROBABILITIES": "output_probabilities",
    "UNCERTAINTY": "output_uncertainty",
}
Compute = Callable[[Loaded], np.ndarray]


def run(job: ClassifyImage, reporter: Reporter) -> dict[str, Any]:
    """Classify; outputs: OUTPUT, CONFIDENCE, PROBABILITIES, UNCERTAINTY (the paths that are wanted), BLOCK_SIZE, WIDTH and HEIGHT (of the
    map, in pixels)."""
    pipeline, contract = read_classifier(job.classifier, job.trust)
    reporter.check()
    files = output_files(job, contract.classes)
    kind = NAMES.get(contract.classifier, contract.classifier)
    reporter.info(f"{kind} of {len(contract.features)} features; {len(contract.classes)} classes.")
    serving = _serving(job, contract, reporter)
    with contextlib.ExitStack() as exits:
        opened = open_features(serving, lambda sources: _checked(sources, contract, reporter), exits, reporter)
        for file in files:
            reporter.info(file.in_words())
        compute, size, budget = _prepared(serving, opened, files, reporter)
        exits.enter_context(tile_cache(budget.cache))
        exits.enter_context(room_for_tiles(opened.sources, opened.plan, [file.bands for file in files], size, budget, reporter))
        _stream(opened, contract, pipeline, compute, files, size, reporter)
    paths = {name: path for name, field in OUTPUTS.items() if (path := getattr(job, field))}
    return paths | {"BLOCK_SIZE": size, "WIDTH": opened.plan.output.width, "HEIGHT": opened.plan.output.height}


def _serving(job: ClassifyImage, contract: ClassifierContract, reporter: Reporter) -> ServeModel:
    """The images and the model, as serving takes them.

    Raises:
        BadModel: other sources than the classifier was trained with, or another model.
    """
    if len(job.sources) != len(contract.sources):
        raise BadModel("Sources of the classifier", expected=len(contract.sources), received=len(job.sources), remedy=REMEDY)
    model, path = contract.model, job.model or (contract.model.path if contract.model else "")
    if model is None and path:
        reporter.warn("The classifier was trained on bands alone: the model is not used.")
    if model is not None and fingerprint(path) != model.fingerprint:
        raise BadModel(
            f"The model {path} is not the one that the classifier was trained with, or has changed since",
            remedy="Give the model that it was trained with (MODEL), or train the classifier again.",
        )
    return ServeModel(
        job.sources,
        path if model else "",
        products=(Product("", model.outputs if model else ()),),
        extent=job.extent,
        mask=job.mask,
        nodata_rule=job.nodata_rule,
        resample=job.resample,
        block_size=job.block_size,
        memory=job.memory,
        signature=model.signature if model else "",
        placeholders=model.placeholders if model else "",
        trust=job.trust_model,
    )


def _checked(sources: Sequence[Source], contract: ClassifierContract, reporter: Reporter) -> Recipe:
    for number, (source, spec) in enumerate(zip(sources, contract.sources, strict=True), start=1):
        check_source(number, source, spec, reporter)
    return contract.recipe


def _prepared(job: ServeModel, opened: Opened, files: Sequence[OutputFile], reporter: Reporter) -> tuple[Compute, int, Budget]:
    """What computes the features of a block, the block size, and the memory that there is."""
    if opened.deep is None:
        budget = Budget(job.memory * MB or max(host_free() // 2, LEAST))
        written = sum(4 * layer.channels for file in files for layer in file.layers)
        size = job.block_size or block_size(pixel_bytes(opened, written), budget.host - budget.cache, os.cpu_count() or 1)
        return lambda loaded: stacked(loaded.bands, None), size, budget
    from ..inference.memory import budget_of
    from ..inference.trial import choose_block_size

    evaluator, computing = opened.deep.evaluator()
    budget = budget_of(job.memory)
    size = choose_block_size(job, opened.deep.setup, evaluator, budget, reporter)
    wanted = opened.deep.setup.wanted

    def compute(loaded: Loaded) -> np.ndarray:
        outputs = computing(loaded.pixels) if loaded.pixels else {}  # there always are: blocks are read for the model as well
        return stacked(loaded.bands, {name: outputs[name] for name in wanted})

    return compute, size, budget


def _stream(
    opened: Opened,
    contract: ClassifierContract,
    pipeline: Any,
    compute: Compute,
    files: Sequence[OutputFile],
    size: int,
    reporter: Reporter,
) -> None:
    """Read, compute and write all blocks."""
    plan, tally = opened.plan, Tally()
    count, grid = plan.count(size), opened.grid.part(plan.output)
    wanted = [layer.name for file in files for layer in file.layers]
    codes = np.array([c.code for c in contract.classes], files[0].layers[0].dtype if files[0].layers[0].coded else np.int64)

    def classify(loaded: Loaded) -> list[np.ndarray]:
        tally.feed(loaded.valid, loaded.outside_mask)
        if not loaded.valid.any():
            return [file.block(None, loaded.valid) for file in files]
        features = compute(loaded)
        _check_count(features.shape[2], contract)
        valid = loaded.valid & np.isfinite(features).all(axis=2)
        whole = valid.all()
        answers = predictor(features.reshape(-1, features.shape[2]) if whole else features[valid])
        outputs = {name: _placed(values, valid) for name, values in answers.items()}
        return [file.block(outputs, valid, tally) for file in files]

    def write(block: Block, arrays: list[np.ndarray]) -> None:
        for writer, array in zip(writers, arrays, strict=True):
            writer.write(array, block.window.row - plan.output.row, block.window.col - plan.output.col)

    def progress(share: float) -> None:
        reporter.progress((tally.blocks - 1 + share) / count, "Classifying")

    with contextlib.ExitStack() as exits:
        writers = [exits.enter_context(RasterWriter(file.path, grid, file.bands)) for file in files]
        predictor = exits.enter_context(Predictor(pipeline, contract.classifier, codes, wanted, progress))
        reporter.phase(f"Classifying {grid.height} × {grid.width} pixels in {count} blocks of {size}, {predictor.threads} at a time.")
        stream = Stream(FeatureReader(opened), classify, write)
        stream.run(plan.blocks(size), count, reporter, "Classifying")
    reporter.info(stream.shares.in_words())
    tally.report(reporter)


def _placed(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Values of the valid pixels (pixels, bands) where these lie: (rows, cols, bands), 0 elsewhere."""
    if valid.all():
        return values.reshape(*valid.shape, -1)
    image = np.zeros((*valid.shape, values.shape[1]), values.dtype)
    image[valid] = values
    return image


def _check_count(count: int, contract: ClassifierContract) -> None:
    if count != len(contract.features):
        raise BadModel("Features of the classifier", expected=len(contract.features), received=count, remedy=REMEDY)

"""Deep features: what a model gives of a pixel's surroundings, at samples or over whole blocks, with the same values in both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..inference.blend import BATCH_PIXELS
from ..inference.evaluate import Evaluator, PatchBased
from ..inference.halving import Halving
from ..inference.modes import choose_evaluator
from ..inference.patches import Patches
from ..inference.plan import Block
from ..inference.reader import BlockReader
from ..inference.setup import Setup
from ..jobs import ServeModel
from ..reporting import Reporter


class AtSamples(PatchBased):
    """The outputs of single pixels: a patch for each expression field that holds one, cut where serving would.

    A fully convolutional model is given its receptive field and no more; what it gives for it is what it gives there in a large block.
    """

    def at(self, patches: Patches, block: Block, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """The features (pixels, features) of the output pixels in these rows and columns of the output grid, all inside the block."""
        (down, row), (across, col) = np.divmod(rows, self.plan.rows.step), np.divmod(cols, self.plan.cols.step)
        pairs = np.stack([down - block.rows[0], across - block.cols[0]])
        fields, holder = np.unique(pairs, axis=1, return_inverse=True)
        at_once = max(1, BATCH_PIXELS // max(height * width for height, width in self.sizes))
        parts = []
        order = np.argsort(holder, kind="stable")
        for first in range(0, fields.shape[1], at_once):
            self.check()
            values = self._values(patches, *fields[:, first : first + at_once])
            chosen = order[np.searchsorted(holder[order], first) : np.searchsorted(holder[order], first + at_once)]
            parts.append(values[holder[chosen] - first, row[chosen], col[chosen]])
        features = np.empty((len(rows), parts[0].shape[1]), np.float32)
        features[order] = np.concatenate(parts)
        return features

    def _values(self, patches: Patches, down: np.ndarray, across: np.ndarray) -> np.ndarray:
        """All outputs of some expression fields, stacked: (fields, rows, cols, features)."""
        arrays = dict(zip(self.inputs, patches.picked(self.sizes, down, across), strict=True))
        results = self.model.run(arrays, self.outputs)
        return np.concatenate([self._as_patches(name, results[name], len(down)) for name in self.outputs], axis=3)


@dataclass(frozen=True)
class DeepFeatures:
    """A model whose outputs are features; the wanted ones are stacked."""

    job: ServeModel
    setup: Setup
    reader: BlockReader
    samples: AtSamples
    reporter: Reporter

    @classmethod
    def of(cls, job: ServeModel, setup: Setup, reporter: Reporter) -> DeepFeatures:
        """Of a model that is set up for the images."""
        samples = AtSamples(setup.model, setup.geometry.inputs, setup.wanted, setup.plan, reporter.check)
        return cls(job, setup, setup.reader(job.edges, skipping=True), samples, reporter)

    def names(self) -> tuple[str, ...]:
        """One a feature, from a trial on the first pixel: some graphs do not tell how many they give."""
        block = next(self.setup.plan.blocks(1))
        pixels = self.setup.reader(self.job.edges)(block)
        channels = [(name, values.shape[2]) for name, values in self.samples(pixels).items()]
        return tuple(name if count == 1 else f"{name}_{i}" for name, count in channels for i in range(1, count + 1))

    def at(self, block: Block, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The features of some output pixels of a block, (pixels, features), and which of them have data (pixels,)."""
        pixels = self.reader(block)
        valid = pixels.valid[rows - block.window.row, cols - block.window.col]
        if not pixels.sources:
            return np.zeros((len(rows), 0), np.float32), valid
        return self.samples.at(Patches.of(self.setup.plan, block, pixels.sources), block, rows, cols), valid

    def evaluator(self) -> tuple[Evaluator, Halving]:
        """What computes whole blocks, in the quickest way that the model allows; and the same, going on with less where memory runs out."""
        evaluator = choose_evaluator(self.job, self.setup, self.reporter)
        return evaluator, Halving(evaluator, self.setup.plan, self.reporter)

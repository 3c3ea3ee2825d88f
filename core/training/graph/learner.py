"""Trains any SavedModel that brings a training operation, as OTBTF's TensorflowModelTrain does.

with GraphLearner(folder, GraphWish(targets="optimizer", placeholders="lr=1e-4, is_training=true")) as learner:
    learner.check_batches(samples, batch_size)
    learner.train([patches], [codes])
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import BadModel, BadParameter
from ...model.loading import safety
from ...model.loading.savedmodel import Tensor, read_proto
from ...model.loading.saver_paths import stray_writes
from ...model.probabilities import are_probabilities
from .calls import Call, GraphWish, plan_calls
from .feed import labels_for, patches_for
from .session import GraphSession


@dataclass(frozen=True)
class Predicted:
    """An output that is predicted.

    Attributes:
        kind: codes (whole numbers: the class codes as they were fed), probabilities (of a softmax or sigmoid), or values, of which the
            graph does not say what they are.
        shape: of a batch; None for the whole if the rank is open, None for a size that is.
    """

    name: str
    kind: str
    dtype: np.dtype
    shape: tuple[int | None, ...] | None


class GraphLearner:
    """A `Learner` (core/training/learner.py) that runs the model's own operations. To be closed, or used in a `with`.

    Attributes:
        sources, labels: inputs of the training, in the order in which `train` takes arrays.
        outputs: what `predict` gives.
    """

    def __init__(self, folder: str, wish: GraphWish) -> None:
        """Read, check, and load.

        Raises:
            BadModel: no model, a damaged one, one that could do harm, or one that leaves open what of it is trained.
            BadParameter: what is wished is not there, or values are missing.
        """
        model = read_proto(folder)
        if not wish.trust:
            safety.check(model, folder)
        calls = plan_calls(model, folder, wish)
        self._training, self._prediction = calls.training, calls.prediction
        if not wish.trust:
            safety.refuse(stray_writes(calls.graph), folder)
            safety.check_run(calls.graph, [*calls.training.fetches, *calls.prediction.fetches, *filter(None, [calls.loss])], folder)
        self.sources, self.labels = calls.training.sources, calls.training.labels
        self._session = GraphSession(folder, calls.graph, calls.tags)
        self._total = 0.0
        with contextlib.ExitStack() as failing:
            failing.callback(self.close)
            self.outputs = tuple(self._predicted(*pair) for pair in zip(calls.outputs, calls.prediction.fetches, strict=True))
            self._loss = [calls.loss] if calls.loss and self._session.tensor(calls.loss).dtype.is_floating else []
            failing.pop_all()

    def __enter__(self) -> GraphLearner:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model."""
        self._session.close()

    def check_batches(self, samples: int, batch_size: int) -> None:
        """Whether the model takes all batches of an epoch: most take any, but one exported with a number of samples in its inputs does not,
        and a last batch that is filled up would train on some samples twice.

        Raises:
            BadParameter: says which batch size, and how many samples, it takes.
        """
        fixed = self._training.batch_size
        if fixed is None or (batch_size == fixed and samples % fixed == 0):
            return
        remedy = f"Set the batch size to {fixed}" + (f" and leave {samples % fixed} samples out" if samples % fixed else "")
        received = f"{samples} samples in batches of {batch_size}"
        remedy += ", or export the model with an open batch size."
        raise BadParameter("The model takes batches of one size only", expected=f"batches of {fixed}", received=received, remedy=remedy)

    def train(self, sources: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> None:
        """One step: run the target nodes. Labels are fed as they are: class codes.

        Args:
            sources: (n, rows, cols, bands) each. targets: (n,) or (n, rows, cols), one for each input of labels.

        Raises:
            BadModel, BadTruth: arrays that the model does not take.
            BadParameter: the loss is not finite, or a batch has another size than the only one that the model takes.
        """
        count = len(sources[0])
        self.check_batches(count, count)
        feeds = _feeds(self._training, sources) | {
            tensor.tensor: labels_for(tensor, labels) for tensor, labels in zip(self.labels, targets, strict=True)
        }
        values = self._session.run([*self._training.fetches, *self._loss], feeds)
        if self._loss:
            self._add(float(np.mean(values[-1])), count)

    def totals(self) -> float | None:
        """Sum of the losses since the last call, that of a batch counted for each of its samples; None if the model tells none."""
        total, self._total = self._total, 0.0
        return total if self._loss else None

    def predict(self, sources: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs for a batch of any size, as the graph gives them, (n, …) each.

        Raises:
            BadModel: arrays that the model does not take, or an output that is not one for each patch.
        """
        count = len(sources[0])
        step = self._prediction.batch_size or max(count, 1)
        parts = [self._predict([_filled(source[start : start + step], step) for source in sources]) for start in range(0, count, step)]
        results = [np.concatenate(part)[:count] for part in zip(*parts, strict=True)]
        for output, values in zip(self.outputs, results, strict=True):
            if len(values) != count:
                raise BadModel(f"Output {output.name} of the model", expected=f"{count} predictions, one a patch", received=len(values))
        return results

    def state(self) -> dict[str, np.ndarray]:
        """Everything that training changes, by name: all variables, the optimizers' with them. Not the state of random numbers."""
        return self._session.state()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go back to a state.

        Raises:
            BadModel: the state of another model.
        """
        self._session.restore(state)

    def write(self, folder: str) -> None:
        """The SavedModel as it is now into a folder that exists: same graph, signatures and target nodes.

        Raises:
            CannotWrite: the disk is full.
        """
        self._session.write(folder)

    def _predict(self, sources: Sequence[np.ndarray]) -> list[np.ndarray]:
        values = [np.asarray(value) for value in self._session.run(self._prediction.fetches, _feeds(self._prediction, sources))]
        return [value.reshape(-1) if value.ndim == 0 else value for value in values]

    def _add(self, loss: float, count: int) -> None:
        if not math.isfinite(loss):
            remedy = "Lower the learning rate (a user placeholder), and check that the labels are classes that the model knows."
            raise BadParameter("The training diverged", expected="a finite loss", received=loss, remedy=remedy)
        self._total += loss * count

    def _predicted(self, name: str, tensor_name: str) -> Predicted:
        tensor = self._session.tensor(tensor_name)
        dtype = np.dtype(tensor.dtype.as_numpy_dtype)
        kind = "codes" if dtype.kind in "biu" else "probabilities" if are_probabilities(tensor) else "values"
        return Predicted(name, kind, dtype, None if tensor.shape.rank is None else tuple(tensor.shape.as_list()))


def _feeds(call: Call, sources: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    if len(sources) != len(call.sources):
        names = ", ".join(tensor.name for tensor in call.sources)
        raise BadParameter("Sources", expected=f"{len(call.sources)} ({names})", received=len(sources))
    pairs: zip[tuple[Tensor, np.ndarray]] = zip(call.sources, sources, strict=True)
    return {**call.constants, **{tensor.tensor: patches_for(tensor, source) for tensor, source in pairs}}


def _filled(patches: np.ndarray, count: int) -> np.ndarray:
    """As many patches as that: the last one is repeated, and what it gives cut off again."""
    return np.concatenate([patches, np.repeat(patches[-1:], count - len(patches), axis=0)]) if len(patches) < count else patches

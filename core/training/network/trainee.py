"""A Keras network that is trained: of the gallery, of an earlier training, or any `.keras` file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ... import jobs
from ...errors import BadModel
from ...model.backend import keras
from ...model.contract import Contract
from ...model.folder import read_trainable, write_folder
from ...model.heads import CLASSES, heads_of, outputs_of
from ...reporting import Reporter
from ..data.patches import Patches
from ..data.prepare import Asked, Goal, Prepared, class_weights
from ..schedule import Schedule
from .lag import warn_of_lag
from .learner import KerasLearner
from .losses import HeadLoss, loss_weights
from .normalization import learn_normalization
from .precision import policy_of
from .tuning import freeze, thaw, with_new_heads


class KerasTrainee:
    """Of a job.

    Attributes:
        network: as it is trained; another one than was read, once its heads were made anew.
        inputs: those of the network.
        heads: how many truths it is given.
        frozen: names of the layers that do not learn.
    """

    def __init__(self, job: jobs.TrainModel) -> None:
        keras.utils.set_random_seed(job.seed)  # before the model is read: its layers draw the seeds of their noise and dropout then
        self._job = job
        # `_described`: the contract is the model's own, and was not derived from its layers.
        self.network, self._contract, self._described = read_trainable(job.model)
        self.inputs, self.heads = tuple(self.network.inputs), len(self.network.outputs)
        self.frozen: tuple[str, ...] = ()

    def asked(self, patches: Patches) -> list[Asked]:
        """The heads of the model, and how large their answers are for these patches."""
        contract = self._contract
        classes = {spec.name: spec.classes for spec in contract.outputs if spec.kind == "classes"}
        heads = heads_of(self.network, contract if self._described else None)
        scale = contract.scale_factor if self._described or contract.fully_convolutional else None  # else nobody has said it
        return [
            Asked(head, self._described, size, classes.get(head.prediction, ()), contract.trained, self._job.replace_head, scale)
            for head, size in zip(heads, _answer_sizes(self.network, patches), strict=True)
        ]

    def learner(self, data: Prepared, reporter: Reporter) -> KerasLearner:
        """What trains it on these data: with heads for their classes, and the normalisation of their bands."""
        goals = data.training.goals
        if self._job.replace_head:
            self._replace_heads(goals, reporter)
        if self._contract.trained and self._described:
            reporter.info("The model was trained before: it keeps its normalisation, and goes on from its weights.")
        else:
            learn_normalization(self.network, data.statistics, goals, reporter)
        self.frozen = tuple(freeze(self.network, self._job.freeze))
        fitting = self._job.fitting
        schedule = Schedule.of(fitting, data.training.feed.count)
        warn_of_lag(self.network, schedule.epochs * schedule.steps, reporter)
        policy = policy_of(fitting.precision, reporter)
        return KerasLearner(self.network, _losses(fitting, goals), fitting, policy)

    def _replace_heads(self, goals: Sequence[Goal], reporter: Reporter) -> None:
        channels = [len(goal.classes) if goal.classes and goal.head.channels > 1 else goal.head.channels for goal in goals]
        network = with_new_heads(self.network, channels)
        if network is not self.network:
            reporter.info("The model's last layers are made anew for the classes of the truth.")
            self.network = network

    def write(self, path: str, data: Prepared, check: Callable[[], None]) -> None:
        """The model folder, without what was only meant for this training."""
        thaw(self.network, self.frozen)
        write_folder(path, self.network, self.contract(path, data), check)

    def contract(self, path: str, data: Prepared) -> Contract:
        """That of the trained model: the classes and bands of the training data, under the name of its folder."""
        inputs = tuple(
            replace(spec, bands=told.bands or spec.bands, spacing=told.spacing or spec.spacing)
            for spec, told in zip(self._contract.inputs, data.origins, strict=True)
        )
        goals = data.training.goals
        names = {goal.head.name: goal.names for goal in goals if goal.names}
        outputs = outputs_of(self.network, [goal.head for goal in goals], [goal.classes for goal in goals], names)
        return replace(self._contract, name=os.path.basename(os.path.normpath(path)), inputs=inputs, outputs=outputs, trained=True)

    @property
    def parameters(self) -> int:
        """Numbers in the network."""
        return int(self.network.count_params())


def _answer_sizes(network: Any, patches: Patches) -> list[tuple[int, int] | None]:
    """(rows, cols) of each head's answer to a patch; None where it answers once."""
    shapes = [(1, *shape) for shape in patches.shapes[: patches.sources]]
    try:
        outputs = network([keras.KerasTensor(shape) for shape in shapes] if len(shapes) > 1 else keras.KerasTensor(shapes[0]))
    except ValueError as error:
        sizes = ", ".join(f"{cols} × {rows}" for _, rows, cols, _ in shapes)
        raise BadModel(
            "The model cannot take patches of this size", received=sizes, remedy="Extract larger ones.", details=str(error)
        ) from error
    return [(int(t.shape[1]), int(t.shape[2])) if len(t.shape) == 4 else None for t in keras.tree.flatten(outputs)]


def _losses(fitting: jobs.Fitting, goals: Sequence[Goal]) -> list[HeadLoss]:
    losses = []
    for goal, weight in zip(goals, loss_weights(fitting.loss_weights, len(goals)), strict=True):
        balance = class_weights(goal) if fitting.balance_classes and goal.head.kind == CLASSES else None
        spread = None if goal.head.kind == CLASSES else goal.survey.statistics.std
        losses.append(HeadLoss(goal.head, fitting.loss, balance, spread, weight))
    return losses

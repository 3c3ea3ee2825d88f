"""Who trains together: one device, all devices of this machine, or several machines. The job is the same, but for one parameter.

Of several machines each runs the job by itself (`python -m core JOB.json`) and finds the others through TF_CONFIG or SLURM. All of them
read the same patches and shuffle them with the same seed; each computes its share of every batch (core/training/learner.py). The first
one, the chief, writes and speaks; the others write nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from ..errors import BadParameter, EngineDied
from ..jobs import DISTRIBUTIONS, TrainModel
from ..model.backend import tf
from ..reporting import Reporter

NONE, MIRRORED, MULTIWORKER = DISTRIBUTIONS
PORT = 8888  # of the first SLURM task on a host; the next ones count up
_WHERE = "TF_CONFIG or SLURM's variables to say which machines take part"
_REMEDY = "Run `python -m core JOB.json` on each of them, with srun for example."


@dataclass(frozen=True)
class Crew:
    """Those who train together, as seen by one of them.

    Attributes:
        strategy: TensorFlow's, in whose scope the network and all that learns are made.
        chief: whether this process writes and speaks.
        workers: processes.
    """

    strategy: Any
    chief: bool = True
    workers: int = 1

    def voice(self, reporter: Reporter) -> Reporter:
        """Of this process: the reporter, or one that is silent."""
        return reporter if self.chief else reporter.silent()

    def agree(self, decision: bool) -> bool:
        """What the chief has decided."""
        return decision if self.workers == 1 else float(self._sum(float(self.chief and decision))) > 0

    @cached_property
    def _sum(self) -> Any:
        """Adds up a number over all replicas."""

        def add(number: Any) -> Any:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(number))  # where the replica is

        return tf.function(
            lambda number: self.strategy.experimental_local_results(self.strategy.run(add, (number,)))[0],
            input_signature=[tf.TensorSpec((), tf.float32)],
        )

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Within it the workers need each other; at the end they wait until all are there, as nobody can leave while another computes.

        Raises:
            EngineDied: another worker was cancelled, failed or died; those that are left learn it from each other's heartbeats.
        """
        try:
            yield
            self.agree(True)
        except tf.errors.OpError as error:
            if self.workers == 1 or isinstance(error, tf.errors.ResourceExhaustedError):
                raise
            raise EngineDied(
                "Another worker has left the training", remedy="Its own log says why. Start all of them again.", details=str(error)
            ) from error


def muster(job: TrainModel, reporter: Reporter) -> Crew:
    """The crew of a job. Comes before TensorFlow is used: what connects machines can be set up at its start only.

    Raises:
        BadParameter: nothing says which machines take part, or TensorFlow was used before; or the job asks for what only one device does.
    """
    if job.distribution != NONE and job.graph.target_nodes.strip():
        remedy = "Leave DISTRIBUTION at none."
        raise BadParameter("A model with a training operation of its own", expected="one device", received=job.distribution, remedy=remedy)
    if job.distribution == MULTIWORKER:
        if job.resume:  # the others would have to begin where the chief does, whose files they may not see
            raise BadParameter("RESUME", expected="one machine", received="several", remedy="Train on from the model of OUTPUT_LAST.")
        return _machines(reporter)
    if job.distribution == MIRRORED:
        devices = [device.name for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")]
        if len(devices) > 1:
            reporter.info(f"{len(devices)} devices share every batch: {', '.join(devices)}.")
            return Crew(_mirrored(tuple(devices)))
        reporter.info(f"This machine has one device to train on ({devices[0]}): there is nothing to share.")
    return Crew(tf.distribute.get_strategy())


@cache
def _mirrored(devices: tuple[str, ...]) -> Any:
    """One for all jobs of this process: a second one would number its collective operations as the first did, and get its answers."""
    return tf.distribute.MirroredStrategy(list(devices))


def _machines(reporter: Reporter) -> Crew:
    resolver = cluster()
    reporter.info(f"This is {resolver.task_type} {resolver.task_id} of {resolver.cluster_spec().as_dict()}; it waits for the others.")
    try:
        with _interruptible():
            strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except RuntimeError as error:  # "must be configured at program startup"
        raise BadParameter("This engine has used TensorFlow already: it can join no other machines", remedy=_REMEDY) from error
    tasks = resolver.cluster_spec().as_dict()
    chief = resolver.task_id == 0 and resolver.task_type == ("chief" if "chief" in tasks else "worker")
    return Crew(strategy, chief, sum(len(addresses) for name, addresses in tasks.items() if name in ("chief", "worker")))


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the process at once: while TensorFlow waits for the others, for an hour if need be, no Python runs that could hear it.
    Nothing is begun yet that would have to be put away."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def cluster() -> Any:
    """Which processes take part, and which of them this one is.

    Raises:
        BadParameter: neither TF_CONFIG nor SLURM says it.
    """
    if "TF_CONFIG" in os.environ:
        return _told(os.environ["TF_CONFIG"])
    if "SLURM_PROCID" not in os.environ:
        raise BadParameter("Distribution over several machines", expected=_WHERE, received="neither", remedy=_REMEDY)
    try:
        # gpus: which of them a task may use is SLURM's to say, and TensorFlow sees no others
        found = tf.distribute.cluster_resolver.SlurmClusterResolver(gpus_per_node=0, gpus_per_task=0, auto_set_gpu=False)
    except (RuntimeError, ValueError) as error:
        raise BadParameter("SLURM's variables", expected="those of a step (srun)", received=error, remedy=_REMEDY) from error
    # Not its cluster_spec(): that sorts node10 before node9, which SLURM's own numbers of the tasks do not, and needs a GPU.
    tasks = [f"{host}:{PORT + place}" for host, count in found._task_configuration.items() for place in range(count)]
    return _resolver({"worker": tasks}, "worker", int(os.environ["SLURM_PROCID"]))


def _told(text: str) -> Any:
    """By TF_CONFIG: {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}."""
    try:
        config = json.loads(text)
        tasks, kind, index = config["cluster"], config["task"]["type"], int(config["task"]["index"])
        tasks[kind][index]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        expected = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
        raise BadParameter("TF_CONFIG", expected=expected, received=text, remedy=_REMEDY) from error
    return _resolver(tasks, kind, index)


def _resolver(tasks: dict[str, list[str]], kind: str, index: int) -> Any:
    gpus = len(tf.config.list_physical_devices("GPU"))
    spec = tf.train.ClusterSpec(tasks)
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        spec, task_type=kind, task_id=index, num_accelerators={"GPU": gpus}, rpc_layer="grpc"
    )

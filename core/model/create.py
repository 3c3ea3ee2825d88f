"""Job createmodel: an untrained network of the gallery as a model folder, ready to be trained (or served, to try the plumbing)."""

from __future__ import annotations

import os
from typing import Any

from .. import jobs
from ..reporting import Reporter
from .backend import keras
from .folder import write_folder
from .gallery import find
from .gallery.architecture import Wish
from .promise import contract_of


def run(job: jobs.CreateModel, reporter: Reporter) -> dict[str, Any]:
    """Build, initialise by the seed, write.

    Raises:
        BadParameter: no such architecture, or bands or classes that it cannot have.
        CannotWrite: the folder cannot be written.
    """
    architecture = find(job.architecture)
    wish = Wish(job.bands, job.classes, job.targets, job.dates)
    architecture.check(wish)
    if not architecture.trainable:
        reporter.info(f"{architecture.title}: it is complete as it is, and needs no training. Classes and measurements are left aside.")
    keras.utils.set_random_seed(job.seed)
    network = architecture.build(wish)
    reporter.info(f"{architecture.title} ({architecture.paper}): {network.count_params():,} parameters.")
    name = os.path.basename(os.path.normpath(job.output))
    contract = contract_of(network, name, architecture.id, trained=not architecture.trainable)
    write_folder(job.output, network, contract, reporter.check)
    return {"OUTPUT": job.output, "PARAMETERS": int(network.count_params())}

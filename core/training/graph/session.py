"""A SavedModel in a session of TensorFlow 1, which runs the graphs of both versions: OTBTF does the same from C++.

So a model is trained by the operations that it brings, and saved by its own saver: the graph of the trained model is that of the untrained
one, byte for byte, and what read the one reads the other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import BadModel, BadParameter, CannotWrite, OutOfMemory, TensorscapeError
from ...model.backend import tf
from ...model.contract import GRAPH
from ...model.loading.dependencies import operation_of
from .variables import GraphVariables

v1 = tf.compat.v1
_KEPT = (GRAPH, "assets", "assets.extra")  # of the model's folder; not its fingerprint, which is that of the variables, too
_REMEDY = "Check the patches, the labels (are they classes that the model knows?) and the user placeholders."


class GraphSession:
    """The loaded model. To be closed."""

    def __init__(self, folder: str, graph: Any, tags: Sequence[str]) -> None:
        """Load it, with its variables; a model that was never saved gets those of its initialiser.

        Raises:
            BadModel: damaged, without variables, or without what saves them.
        """
        self._folder, self._saver = folder, graph.saver_def
        if not self._saver.save_tensor_name:
            raise BadModel(f"The model in {folder} cannot be trained", expected="variables and their saver", received="none")
        self._graph = tf.Graph()
        self._session = v1.Session(graph=self._graph, config=v1.ConfigProto(gpu_options=v1.GPUOptions(allow_growth=True)))
        try:
            with self._graph.as_default():
                _load(self._session, folder, list(tags))
                self._variables = GraphVariables(self._session)
        except BaseException as error:
            self.close()
            if isinstance(error, TensorscapeError) or not isinstance(error, Exception):
                raise
            text = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise BadModel(f"The model in {folder} is damaged", received=text, remedy="Export it again.", details=str(error)) from error

    def close(self) -> None:
        """Free what it holds."""
        self._session.close()

    def tensor(self, name: str) -> Any:
        """A tensor of the graph.

        Raises:
            BadParameter: there is none of that name.
        """
        try:
            return self._graph.get_tensor_by_name(name)
        except (KeyError, ValueError) as error:
            raise BadParameter("Output of the model", expected="a tensor of its graph", received=name) from error

    def run(self, fetches: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list[Any]:
        """Values of tensors; None for operations.

        Raises:
            OutOfMemory, BadModel: TensorFlow fails.
        """
        with _in_our_words(feeds):
            return list(self._session.run(list(fetches), dict(feeds)))

    def state(self) -> dict[str, np.ndarray]:
        """All variables by name, the optimizers' among them."""
        return self._variables.read()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Give the variables these values.

        Raises:
            BadModel: the state of another model.
        """
        self._variables.write(state)

    def write(self, folder: str) -> None:
        """The model with the variables as they are, into a folder that exists.

        Raises:
            CannotWrite: the disk is full.
        """
        for name in _KEPT:
            path = os.path.join(self._folder, name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(folder, name), dirs_exist_ok=True)
            elif os.path.exists(path):
                shutil.copyfile(path, os.path.join(folder, name))
        os.makedirs(os.path.join(folder, "variables"), exist_ok=True)
        prefix = os.path.join(folder, "variables", "variables")
        try:
            self._variables.align()
            self._session.run(self._saver.save_tensor_name, {self._saver.filename_tensor_name: prefix})
        except tf.errors.OpError as error:
            raise CannotWrite(f"Cannot write {folder}", received=error.message, remedy="Is the disk full?") from error


def _load(session: Any, folder: str, tags: list[str]) -> None:
    from tensorflow.python.saved_model.loader_impl import SavedModelLoader

    loader = SavedModelLoader(folder)
    saver, _ = loader.load_graph(session.graph, tags)
    if os.path.exists(os.path.join(folder, "variables", "variables.index")):
        loader.restore_variables(session, saver)
    else:
        _initialise(session, folder)
    loader.run_init_ops(session, tags)


def _initialise(session: Any, folder: str) -> None:
    if not v1.global_variables():
        raise BadModel(f"The model in {folder} is damaged", expected="its variables", received="none", remedy="Export it again.")
    session.run(v1.global_variables_initializer())


@contextlib.contextmanager
def _in_our_words(feeds: Mapping[str, np.ndarray]) -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OutOfMemory("The model needs more memory", remedy="Lower the batch size.", details=str(error)) from error
    except (tf.errors.OpError, ValueError) as error:
        fed = ", ".join(f"{operation_of(name)} {value.shape}" for name, value in feeds.items())
        told = f"{fed}; it says: {str(error.__context__ or error).strip().splitlines()[0][:200]}"  # the context: without a listing of nodes
        raise BadModel("The model refuses what it is fed", received=told, remedy=_REMEDY, details=str(error)) from error

"""Arrays as the inputs of a graph take them: their ranks, types and sizes."""

from __future__ import annotations

import numpy as np

from ...errors import BadModel, BadTruth
from ...model.backend import tf
from ...model.loading.savedmodel import Tensor


def labels_for(tensor: Tensor, labels: np.ndarray) -> np.ndarray:
    """Labels of patches (n,), or of their pixels (n, rows, cols), in the rank that the input wants: axes of size 1 are added at the end, or
    left out there. An input of any rank gets four axes, as OTBTF feeds it. The values stay as they are: class codes, not indices.

    Raises:
        BadTruth: values that the input's type cannot hold.
        BadModel: sizes that it does not take.
    """
    rank = 4 if tensor.shape is None else len(tensor.shape)
    while labels.ndim > max(rank, 1) and labels.shape[-1] == 1:
        labels = labels[..., 0]
    labels = labels.reshape(*labels.shape, *[1] * (rank - labels.ndim))
    return _fitting(tensor, labels, "Labels")


def patches_for(tensor: Tensor, patches: np.ndarray) -> np.ndarray:
    """Patches (n, rows, cols, bands) in the type of the input.

    Raises:
        BadTruth, BadModel: as `labels_for`.
    """
    return _fitting(tensor, patches, "Patches")


def _fitting(tensor: Tensor, array: np.ndarray, what: str) -> np.ndarray:
    shape = array.shape if tensor.shape is None else tensor.shape
    if len(shape) != array.ndim or any(size not in (-1, given) for size, given in zip(shape[1:], array.shape[1:], strict=True)):
        expected = " × ".join("any" if size < 0 else str(size) for size in shape)
        received = " × ".join(map(str, array.shape))
        remedy = "Extract patches of that size, or name another input."
        raise BadModel(f"{what} for input {tensor.name} of the model", expected=expected, received=received, remedy=remedy)
    return _typed(tensor, array, what)


def _typed(tensor: Tensor, array: np.ndarray, what: str) -> np.ndarray:
    dtype = np.dtype(tf.dtypes.as_dtype(tensor.dtype).as_numpy_dtype)
    if array.dtype == dtype:
        return array
    with np.errstate(invalid="ignore"):  # numbers that do not fit are found below
        typed = array.astype(dtype)
    wrong = typed != array if dtype.kind in "biu" else np.zeros(array.shape, bool)
    if wrong.any():
        raise BadTruth(f"{what} for input {tensor.name} of the model", expected=f"values of type {tensor.dtype}", received=array[wrong][0])
    return typed

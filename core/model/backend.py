"""TensorFlow and Keras, imported the one right way: `from .backend import keras, tf`.

Rasterio and fiona have to come first: TensorFlow carries a copy of SQLite, and whoever loads second fails to write GeoPackages
("no such module: rtree"). Keras 3 can compute with several libraries; the models here are TensorFlow's.
"""

from __future__ import annotations

import os

from .. import vector  # noqa: F401  imports fiona and rasterio

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors and warnings only: the log is for users
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

__all__ = ["keras", "tf"]

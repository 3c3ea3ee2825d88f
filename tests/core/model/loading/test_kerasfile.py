from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadModel
from core.model.backend import keras
from core.model.loading.kerasfile import read_network

layers = keras.layers


def saved(path: Path, *parts: Any) -> str:
    keras.Sequential([keras.Input((8, 8, 2)), *parts]).save(path / "network.keras")
    return str(path / "network.keras")


def rewrite(path: str, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_layers_of_keras_come_back(tmp_path: Path) -> None:
    parts = (
        layers.Normalization(), layers.Conv2D(4, 3, activation="gelu", kernel_regularizer=keras.regularizers.L2(0.1)),
        layers.BatchNormalization(), layers.Activation(keras.activations.softplus), layers.Flatten(), layers.Dense(2),
    )  # fmt: skip
    assert read_network(saved(tmp_path, *parts)).count_params() > 0


def test_a_lambda_layer_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"holds code: it was not loaded: expected layers of Keras, received .*Lambda"):
        read_network(saved(tmp_path, layers.Lambda(lambda x: x * 2)))


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("subprocess", "Popen"), ("numpy", "load"), ("kerasx.layers", "Dense")])
def test_other_modules_than_keras_are_refused(tmp_path: Path, module: str, name: str) -> None:
    path = saved(tmp_path, layers.Flatten())
    hostile = {"class_name": name, "module": module, "config": {}, "registered_name": name}

    def change(text: str) -> str:
        config = json.loads(text)
        config["config"]["layers"].append(hostile)
        return json.dumps(config)

    rewrite(path, change)
    with pytest.raises(BadModel, match=rf"{module}\.{name}"):
        read_network(path)


@pytest.mark.parametrize("content", [b"", b"{", b"PK\x03\x04 and nothing more", b"\x89HDF\r\n\x1a\n"])
def test_what_is_no_keras_file_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.keras"
    path.write_bytes(content)
    with pytest.raises(BadModel, match="is damaged"):
        read_network(str(path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"class_name": "Sequential"}', '{"class_name": "Nothing", "module": "keras"}'])
def test_a_damaged_configuration(tmp_path: Path, text: str) -> None:
    path = saved(tmp_path, layers.Flatten())
    rewrite(path, lambda _: text)
    with pytest.raises(BadModel, match="is damaged"):
        read_network(path)

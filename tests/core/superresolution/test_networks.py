"""The networks: what they make, where it lies, and what their graphs tell."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadParameter
from core.jobs import FACTORS
from core.model.backend import keras
from core.model.loading.kerasfile import read_network
from core.model.promise import contract_of
from core.superresolution.networks import build, discriminator, parts
from core.superresolution.scaling import Scale, give_scale, robust_scale
from core.superresolution.validation import bicubic_of

SMALL = {"filters": 4, "blocks": 2}


def of_image(network: Any, low: np.ndarray) -> np.ndarray:
    """The finest output."""
    image: np.ndarray = keras.tree.flatten(network(low, training=False))[0].numpy()
    return image


def finest(network: Any) -> Any:
    """The network as it is written."""
    return keras.Model(network.input, network.outputs[0], name=network.name)


@pytest.mark.parametrize("factor", FACTORS)
def test_bicubic_keeps_a_ramp_where_it_is(factor: int) -> None:
    rows, cols = np.mgrid[:12, :9]
    low = (100 * rows + 7 * cols)[None, :, :, None].astype(np.float32)
    fine = bicubic_of(1, factor, Scale(np.array([300.0]), np.array([200.0])))((low,))
    rows, cols = ((places + 0.5) / factor - 0.5 for places in np.mgrid[: 12 * factor, : 9 * factor])
    edge = parts.BICUBIC_REACH * factor
    inside = (0, slice(edge, -edge), slice(edge, -edge), 0)
    np.testing.assert_allclose(fine[inside], (100 * rows + 7 * cols)[inside[1:3]], atol=2e-3)


@pytest.mark.parametrize("factor", FACTORS)
def test_the_light_network_begins_as_bicubic(factor: int) -> None:
    low = np.random.default_rng(0).uniform(0, 65535, (2, 7, 10, 3)).astype(np.float32)
    scale, network = robust_scale(low), build("light", 3, factor, **SMALL)
    give_scale(network, scale)
    made = of_image(network, low)
    assert made.shape == (2, 7 * factor, 10 * factor, 3)
    np.testing.assert_allclose(made, bicubic_of(3, factor, scale)((low,)), rtol=1e-6)


@pytest.mark.parametrize("factor", FACTORS)
def test_with_a_guide_it_begins_as_bicubic_of_the_coarse_image(factor: int) -> None:
    rng = np.random.default_rng(0)
    low, guide = (rng.uniform(0, 65535, shape).astype(np.float32) for shape in ((1, 7, 10, 3), (1, 7 * factor, 10 * factor, 2)))
    scale, network = robust_scale(low), build("light", 3, factor, **SMALL, guide=2)
    give_scale(network, scale, robust_scale(guide))
    np.testing.assert_allclose(parts.feed(network, (low, guide))[0], bicubic_of(3, factor, scale)((low,)), rtol=1e-6)
    contract = contract_of(finest(network), "fusion")
    assert contract.scale_factor == Fraction(1, factor) and contract.fully_convolutional
    assert [spec.name for spec in contract.inputs] == ["source1", "source2"]


def test_a_network_of_one_image_takes_no_guide() -> None:
    with pytest.raises(BadParameter, match="takes one image"):
        build("sr4rs", 2, 2, guide=1)


@pytest.mark.parametrize("factor", FACTORS)
def test_sr4rs_makes_the_image_at_every_scale(factor: int) -> None:
    outputs = build("sr4rs", 2, factor, **SMALL)(np.zeros((1, 5, 6, 2), np.float32))
    sizes = [tensor.shape[1] // 5 for tensor in outputs]
    assert sizes == {2: [2, 1], 3: [3, 1], 4: [4, 2, 1], 8: [8, 4, 2, 1]}[factor]


@pytest.mark.parametrize("name", ["light", "sr4rs"])
@pytest.mark.parametrize("factor", FACTORS)
def test_the_contract_follows_from_the_graph(name: str, factor: int) -> None:
    contract = contract_of(finest(build(name, 2, factor, **SMALL)), name)
    assert contract.scale_factor == Fraction(1, factor)
    assert contract.fully_convolutional
    assert contract.margin[0] >= parts.BICUBIC_REACH * factor
    assert [spec.name for spec in contract.outputs] == [parts.IMAGE]


@pytest.mark.parametrize("name", ["light", "sr4rs"])
def test_within_the_margin_blocks_are_the_whole_image(name: str) -> None:
    factor, rng = 4, np.random.default_rng(1)
    network = build(name, 2, factor, filters=4, blocks=1)
    for layer in network.layers:  # also of what begins with 0
        layer.set_weights([rng.normal(0, 0.3, w.shape) if layer.trainable and w.ndim == 4 else w for w in layer.get_weights()])
    low = rng.normal(0, 1, (1, 60, 60, 2)).astype(np.float32)
    margin = contract_of(finest(network), name).margin[0]
    whole, part = of_image(network, low), of_image(network, low[:, 9:51, 8:50])
    inside = slice(margin, part.shape[1] - margin)
    assert inside.stop > inside.start
    there = whole[:, 9 * factor : 51 * factor, 8 * factor : 50 * factor]
    np.testing.assert_allclose(part[:, inside, inside], there[:, inside, inside], atol=1e-4 * np.abs(whole).max())


@pytest.mark.parametrize("name", ["light", "sr4rs"])
def test_a_file_of_it_is_read_again(name: str, tmp_path: Path) -> None:
    network = finest(build(name, 2, 3, **SMALL))
    give_scale(network, Scale(np.array([500.0, 9000.0]), np.array([40.0, 700.0])))
    network.save(tmp_path / "network.keras")
    low = np.random.default_rng(2).uniform(0, 10000, (1, 6, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(of_image(read_network(str(tmp_path / "network.keras")), low), of_image(network, low))


def test_features_keep_their_size_through_pixel_norm() -> None:
    tensor = keras.Input((None, None, 5))
    norm = keras.Model(tensor, parts.pixel_norm(tensor, "x"))
    values = norm(np.random.default_rng(3).normal(0, 50, (1, 3, 3, 5))).numpy()
    np.testing.assert_allclose((values**2).mean(axis=-1), 1, rtol=1e-5)


def test_another_factor_is_refused() -> None:
    with pytest.raises(BadParameter, match="FACTOR"):
        build("light", 1, 5)


def test_the_discriminator_judges_any_size() -> None:
    judge = discriminator.build(2, [4, 2, 1], filters=4)
    images = [np.zeros((3, 40 // ratio, 48 // ratio, 2), np.float32) for ratio in (1, 2, 4)]
    assert judge(images).shape == (3, 1)


def test_the_scale_does_not_follow_clouds() -> None:
    pixels = np.random.default_rng(4).normal(1000, 50, (10_000, 1))
    pixels[:500] = 60_000
    scale = robust_scale(pixels)
    assert abs(scale.centre[0] - 1000) < 10 and abs(scale.spread[0] - 50) < 10
    assert robust_scale(np.full((9, 1), 7)).spread[0] == 1

"""Parameters say what the jobs say: kind, default, range, options; and what a user needs to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
)


@pytest.fixture
def owner(provider: Any) -> type:
    from tensorscape.core.fields import bounded, choice

    @dataclass(frozen=True)
    class Owner:
        whole: int = bounded(7, low=1, high=9)
        real: float = bounded(0.5, above=0.0)
        yes: bool = True
        word: str = choice(("first", "second"))
        text: str = ""

    return Owner


def of_field(owner: type, field: str, advanced: bool = False) -> QgsProcessingParameterDefinition:
    from tensorscape.algorithms.parameters import of_field as make

    return make("NAME", "label", "What it is.", owner, field, advanced)


def test_a_whole_number_has_the_default_and_the_range_of_its_field(owner: type) -> None:
    parameter = of_field(owner, "whole")
    assert parameter.dataType() == QgsProcessingParameterNumber.Type.Integer
    assert (parameter.defaultValue(), parameter.minimum(), parameter.maximum()) == (7, 1, 9)


def test_a_real_number_has_the_limit_that_its_field_must_exceed(owner: type) -> None:
    parameter = of_field(owner, "real")
    assert parameter.dataType() == QgsProcessingParameterNumber.Type.Double
    assert (parameter.defaultValue(), parameter.minimum()) == (0.5, 0.0)


def test_a_flag_is_a_boolean(owner: type) -> None:
    parameter = of_field(owner, "yes")
    assert isinstance(parameter, QgsProcessingParameterBoolean)
    assert parameter.defaultValue() is True


def test_options_are_static_strings_and_named_in_the_help(owner: type) -> None:
    parameter = of_field(owner, "word")
    assert isinstance(parameter, QgsProcessingParameterEnum)
    assert parameter.usesStaticStrings()
    assert (parameter.options(), parameter.defaultValue()) == (["first", "second"], "first")
    assert "first, second" in parameter.help()


def test_a_text_may_be_left_out(owner: type) -> None:
    parameter = of_field(owner, "text")
    assert parameter.checkValueIsAcceptable(None)


def test_advanced_parameters_are_flagged(owner: type) -> None:
    flag = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    assert of_field(owner, "whole", advanced=True).flags() & flag
    assert not of_field(owner, "whole").flags() & flag


def test_only_the_first_source_must_be_given_and_the_third_is_advanced(provider: Any) -> None:
    from tensorscape.algorithms.parameters import source

    flags = QgsProcessingParameterDefinition.Flag
    sources = [source(index, "") for index in range(1, 7)]
    assert [bool(s.flags() & flags.FlagOptional) for s in sources] == [False] + [True] * 5
    assert [bool(s.flags() & flags.FlagAdvanced) for s in sources] == [False, False] + [True] * 4


def test_optional_outputs_are_not_made_unless_asked_for(provider: Any) -> None:
    from tensorscape.algorithms.parameters import points_output, raster_output

    for make in (points_output, raster_output):
        assert make("OUTPUT", "", "").createByDefault()
        assert not make("OUTPUT", "", "", optional=True).createByDefault()

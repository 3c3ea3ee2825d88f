"""Errors: their sentences, and their way from one process to the other."""

from __future__ import annotations

import json

import pytest

from core import errors
from core.errors import BadParameter, Cancelled, EngineDied, TensorscapeError, from_wire, to_wire

ALL = [TensorscapeError, *TensorscapeError.__subclasses__()]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BadParameter("Size", expected="at least 1", received=0, remedy="Give more."), "Size: expected at least 1, received 0. Give more."),
        (BadParameter("Size", received=0), "Size: received 0."),
        (BadParameter("No size"), "No size."),
        (BadParameter("No size."), "No size."),
        (BadParameter("Field", expected="text", received=""), "Field: expected text, received ."),
        (Cancelled(), "The job was cancelled."),
    ],
)
def test_the_message_is_one_sentence_and_the_remedy(error, sentence):
    assert str(error) == sentence


@pytest.mark.parametrize("kind", ALL)
def test_every_error_travels_whole(kind):
    error = kind("What", expected=1, received="é\n", remedy="Do.", details="a\nb")
    back = from_wire(**json.loads(json.dumps(to_wire(error))))
    assert type(back) is kind
    assert str(back) == str(error)
    assert back.details == error.details


def test_an_error_of_a_newer_engine_is_still_an_error():
    assert type(from_wire("Unheard", "of it")) is TensorscapeError


def test_the_list_is_flat():
    assert all(kind.__bases__ == (TensorscapeError,) for kind in ALL[1:])
    assert EngineDied in ALL
    assert {kind.__name__ for kind in ALL} == {name for name in vars(errors) if isinstance(vars(errors)[name], type) and name != "Any"}

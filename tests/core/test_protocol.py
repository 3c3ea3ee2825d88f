"""Messages as lines; where unfinished outputs are."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocol import decode, encode, leftovers, partial_path

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), plain, max_size=4), st.text())
def test_a_message_is_one_line_of_ascii_and_comes_back(message, kind):
    message["type"] = kind
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode(line) == message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        encode({"type": "result", "outputs": {"oa": value}})


@pytest.mark.parametrize("line", [b"", b"hello\n", b"{}\n", b"[1]\n", b'{"type": 3}\n', b"\xff\xfe\n", b'"type"\n'])
def test_what_is_no_message_is_refused(line):
    with pytest.raises(ValueError):
        decode(line)


@pytest.mark.parametrize(
    ("path", "partial"),
    [
        ("/a/map.tif", "/a/.map.partial-7.tif"),
        ("/a/model", "/a/.model.partial-7"),
        ("/a/model/", "/a/.model.partial-7"),
        ("/a.b/model.v2", "/a.b/.model.partial-7.v2"),
        ("/a/x.tar.gz", "/a/.x.tar.partial-7.gz"),
    ],
)
def test_the_partial_name_is_beside_hidden_and_of_the_same_kind(path, partial):
    assert partial_path(path, 7) == partial


def touch(folder, *names):
    for name in names:
        (folder / name).touch()


def test_leftovers_are_those_of_the_dead_engine_in_the_folders_of_its_job(tmp_path):
    own = [".map.partial-47.tif", ".map.partial-47.tif.aux.xml", ".model.partial-47", ".model.partial-47.old"]
    touch(tmp_path, *own, "map.tif", ".map.partial-4711.tif", ".map.partial-4.tif", "partial-47.tif", ".other.tif")
    job = {"job": "x", "products": [{"path": str(tmp_path / "map.tif")}], "number": 3, "relative": "map.tif"}
    assert sorted(os.path.basename(path) for path in leftovers(job, 47)) == sorted(own)


def test_leftovers_are_found_inside_an_output_folder_and_beside_it(tmp_path):
    folder = tmp_path / "a [1]" / "scene"
    folder.mkdir(parents=True)
    touch(folder, ".image.partial-9.tif")
    touch(folder.parent, ".scene.partial-9")
    assert len(leftovers({"output": f"{folder}/"}, 9)) == 2


def test_no_folder_means_no_leftovers(tmp_path):
    assert leftovers({"output": str(tmp_path / "no" / "such.tif")}, 9) == []

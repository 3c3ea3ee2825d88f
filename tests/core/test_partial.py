"""Outputs that are complete or not there."""

from __future__ import annotations

import errno
import os

import pytest

from core import partial
from core.errors import CannotWrite
from core.partial import replacing, replacing_folder


def test_the_name_appears_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(str(path)) as temporary:
        with open(temporary, "w") as file:
            file.write("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(str(path)) as temporary:
        for name in (temporary, f"{temporary}.aux.xml"):
            open(name, "w").close()
        raise error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_told_before_the_work(tmp_path):
    with pytest.raises(CannotWrite, match="expected an existing folder"), replacing(str(tmp_path / "no" / "a.txt")):
        pytest.fail("the work began")


def test_a_read_only_folder_is_told_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # not with chmod: root may write anywhere
    with pytest.raises(CannotWrite, match="No permission"), replacing(str(tmp_path / "a.txt")):
        pytest.fail("the work began")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "Disk full"), (errno.EACCES, "No permission"), (errno.EROFS, "No permission"), (errno.EIO, "Cannot write")],
)
def test_the_reason_of_the_operating_system_is_put_in_words(tmp_path, number, words):
    with pytest.raises(CannotWrite, match=words), replacing(str(tmp_path / "a.txt")):
        raise OSError(number, os.strerror(number))


def make_folder(path, content="new"):
    with replacing_folder(str(path), "model.json") as temporary, open(os.path.join(temporary, "model.json"), "w") as file:
        file.write(content)


def test_a_folder_appears_at_the_end_and_replaces_an_earlier_one(tmp_path):
    path = tmp_path / "model"
    make_folder(path, "old")
    (path / "more").touch()
    make_folder(f"{path}/", "new")
    assert os.listdir(path) == ["model.json"]
    assert (path / "model.json").read_text() == "new"
    assert os.listdir(tmp_path) == ["model"]


def test_an_empty_folder_is_taken_and_any_other_is_left_alone(tmp_path):
    make_folder(tmp_path / "empty")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="is no earlier output"):
        make_folder(tmp_path / "thesis")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CannotWrite):
        make_folder(tmp_path / "file")
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "mine"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_fails_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "model"
    make_folder(path, "old")
    with pytest.raises(ValueError, match="in the middle"), replacing_folder(str(path), "model.json") as temporary:
        open(os.path.join(temporary, "model.json"), "w").close()
        raise ValueError("in the middle")
    assert (path / "model.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["model"]


def test_a_folder_that_cannot_take_its_place_leaves_the_earlier_one(tmp_path, monkeypatch):
    path = tmp_path / "model"
    make_folder(path, "old")
    replace = os.replace

    def refuse(source, target):
        if str(target) == str(path) and not str(source).endswith(".old"):
            raise OSError(errno.EACCES, "held by another program")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(CannotWrite):
        make_folder(path, "new")
    assert (path / "model.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["model"]


def test_an_engine_that_must_stop_at_once_discards_what_is_open(tmp_path):
    with replacing(str(tmp_path / "a.txt")) as file, replacing_folder(str(tmp_path / "model"), "m") as folder:
        open(file, "w").close()
        open(os.path.join(folder, "m"), "w").close()
        partial.discard_all()
        assert os.listdir(tmp_path) == []
        open(file, "w").close()
        os.mkdir(folder)

"""No file is both input and output."""

from __future__ import annotations

import os

import pytest

from core import jobs
from core.errors import CannotWrite
from core.paths import check_paths, inputs_of


def serve(image: str, output: str) -> jobs.ServeModel:
    return jobs.ServeModel(sources=(jobs.ServedSource((image,)),), model="/model", products=(jobs.Product(output),))


def test_inputs_are_the_paths_that_are_no_outputs():
    job = jobs.SelectSamples(image="/i.tif", truth="/t.gpkg", field="class", output="/o.gpkg", rates="/r.csv")
    assert sorted(inputs_of(job)) == ["/i.tif", "/t.gpkg"]
    assert sorted(inputs_of(serve("/a.tif", "/a.tif"))) == ["/a.tif", "/model"]


def test_a_good_job_passes():
    check_paths(serve("/a.tif", "/b.tif"))
    check_paths(jobs.CheckEngine())


def test_an_output_that_is_an_input_is_named():
    with pytest.raises(CannotWrite, match=r"The output /a\.tif is also an input\. Choose another name"):
        check_paths(serve("/a.tif", "/a.tif"))


def test_another_spelling_and_a_link_are_no_way_around(tmp_path):
    image = tmp_path / "image.tif"
    image.touch()
    (tmp_path / "link.tif").symlink_to(image)
    for other in (f"{tmp_path}/./image.tif", f"{tmp_path}/x/../image.tif", str(tmp_path / "link.tif")):
        with pytest.raises(CannotWrite):
            check_paths(serve(str(image), other))


def test_training_may_not_replace_the_model_that_it_starts_from():
    with pytest.raises(CannotWrite):
        check_paths(jobs.TrainModel(model="/m", output="/m" + os.sep))


def test_two_outputs_need_two_names():
    with pytest.raises(CannotWrite, match="Two outputs"):
        check_paths(jobs.SelectSamples(output="/s.gpkg", output_validation="/s.gpkg"))

"""Jobs: checked when made, the same on both sides of the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import jobs
from core.errors import BadParameter
from core.worker import RUNNERS

paths = st.text(st.characters(codec="utf-8"), max_size=20)
samplings = st.builds(
    jobs.Sampling,
    strategy=st.sampled_from([name for name in jobs.STRATEGIES if name != "byclass"]),
    number=st.integers(1, 10**9),
    percent=st.floats(0, 100),
    validation_share=st.floats(0, 0.99),
    spatial_block=st.floats(0, 1e9),
    seed=st.integers(0, 2**31),
)
served = st.builds(
    jobs.ServeModel,
    sources=st.lists(
        st.builds(
            jobs.ServedSource,
            images=st.lists(paths, max_size=3).map(tuple),
            nodata=st.none() | st.floats(-1e9, 1e9),
            receptive_field=st.none() | st.tuples(st.integers(1, 99), st.integers(1, 99)),
        ),
        max_size=3,
    ).map(tuple),
    products=st.lists(st.builds(jobs.Product, path=paths, outputs=st.lists(paths, max_size=2).map(tuple)), max_size=2).map(tuple),
    extent=st.none() | st.tuples(*[st.floats(-1e9, 1e9)] * 4),
)
made = st.one_of(
    st.builds(jobs.SelectSamples, image=paths, sampling=samplings),
    st.builds(jobs.ExtractPatches, sources=st.lists(st.builds(jobs.PatchSource, width=st.integers(1, 512)), max_size=3).map(tuple)),
    st.builds(jobs.TrainModel, training=st.builds(jobs.PatchSet, sources=st.lists(paths, max_size=3).map(tuple))),
    served,
)


@given(made)
def test_a_job_survives_json(job):
    assert jobs.from_dict(json.loads(json.dumps(jobs.to_dict(job)))) == job


@pytest.mark.parametrize("job_class", jobs.JOBS.values())
def test_every_job_has_a_default_for_every_field_a_docstring_and_a_runner(job_class):
    assert job_class.name in RUNNERS
    assert job_class.__doc__
    assert not job_class.__doc__.startswith(f"{job_class.__name__}("), "the docstring that dataclass makes says nothing"
    assert jobs.from_dict({"job": job_class.name}) == job_class()


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"job": "fly"}, "Unknown job: expected .*servemodel.*, received fly"),
        ({}, "Unknown job"),
        ({"job": "trainmodel", "epoch": 3}, "TrainModel has no epoch: expected .*fitting"),
        ({"job": "trainmodel", "fitting": {"epochs": 0}}, r"Fitting\.epochs: expected at least 1, received 0"),
        ({"job": "trainmodel", "fitting": {"epochs": 1.5}}, r"Fitting\.epochs: expected int, received 1\.5"),
        ({"job": "trainmodel", "fitting": {"epochs": True}}, r"Fitting\.epochs: expected int, received True"),
        ({"job": "trainmodel", "fitting": {"epochs": None}}, r"Fitting\.epochs: expected int, received None"),
        ({"job": "trainmodel", "fitting": {"learning_rate": 0}}, r"learning_rate: expected more than 0"),
        ({"job": "trainmodel", "fitting": {"learning_rate": float("nan")}}, r"learning_rate: expected float, received nan"),
        ({"job": "trainmodel", "training": []}, r"PatchSet|training"),
        ({"job": "trainmodel", "training": {"sources": "a.tif"}}, r"PatchSet\.sources: expected tuple\[str, \.\.\.\], received 'a\.tif'"),
        ({"job": "trainmodel", "training": {"sources": [1]}}, r"PatchSet\.sources"),
        (
            {"job": "servemodel", "mode": "fast"},
            "ServeModel.mode: expected one of automatic, fully_convolutional, patch_based, received 'fast'",
        ),
        ({"job": "servemodel", "extent": [1, 2, 3]}, r"ServeModel\.extent"),
        ({"job": "servemodel", "expression_field": [1, 2, 3]}, r"ServeModel\.expression_field"),
        ({"job": "servemodel", "sources": [{"nodata": "none"}]}, r"ServedSource\.nodata: expected .*float.*, received 'none'"),
        ({"job": "selectsamples", "sampling": {"strategy": "byclass"}}, "Strategy byclass: expected a CSV file"),
        ({"job": "selectsamples", "sampling": {"validation_share": 1.0}}, "validation_share: expected at most 0.99"),
        ({"job": "extractpatches", "sources": [{"width": 0}]}, r"PatchSource\.width: expected at least 1, received 0"),
        ({"job": "servemodel", "products": [{"path": 1}]}, r"Product\.path: expected str, received 1"),
        ({"job": "createmodel", "bands": [4, "six"]}, r"CreateModel\.bands"),
    ],
)
def test_a_wrong_job_says_what_is_wrong(plain, message):
    with pytest.raises(BadParameter, match=message):
        jobs.from_dict(plain)


def test_numbers_of_json_become_what_the_field_is():
    job = jobs.from_dict({"job": "servemodel", "extent": [0, 1, 2, 3], "sources": [{"images": ["/a.tif"], "nodata": 0}]})
    assert isinstance(job, jobs.ServeModel)
    assert job.extent == (0.0, 1.0, 2.0, 3.0)
    assert isinstance(job.sources[0].nodata, float)


def test_outputs_are_found_in_nested_parts_too():
    job = jobs.ExtractPatches(
        sources=(jobs.PatchSource(images=("/in.tif",), output="/patches1.tif"), jobs.PatchSource(output="/patches2.tif")),
        points="/points.gpkg",
        output_labels="/labels.tif",
        rejected="/rejected.gpkg",
    )
    assert sorted(jobs.outputs_of(job)) == ["/labels.tif", "/patches1.tif", "/patches2.tif", "/rejected.gpkg"]
    assert jobs.outputs_of(jobs.ServeModel(products=(jobs.Product("/o.tif", ("softmax",)),))) == ["/o.tif"]
    assert jobs.outputs_of(jobs.CreateModel()) == []


def test_every_field_that_names_an_output_is_known_as_one():
    """A new job whose output has another kind of name would escape the guard against overwriting inputs."""
    inputs = {
        "image",
        "images",
        "truth",
        "truth_layer",
        "field",
        "mask",
        "labels",
        "points",
        "points_layer",
        "model",
        "map",
        "reference",
        "ignore",
        "names",
        "architecture",
        "scale_factor",
        "signature",
        "placeholders",
        "statistics",
        "freeze",
        "samples",
        "samples_layer",
        "validation",
        "validation_layer",
        "classifier",
        "indices",
    }
    for job_class in jobs.JOBS.values():
        texts = {field.name for field in fields(job_class) if field.type == "str" and "options" not in field.metadata}
        known = jobs.outputs_of(job_class(**{name: name for name in texts}))
        assert texts - set(known) <= inputs, job_class.__name__


def test_the_contract_needs_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules)\n"
        "import core.jobs, core.protocol, core.errors, core.paths\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - {'core'}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""TFRecord shards: ours and OTBTF's, whole and broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from core.classes import make_classes
from core.errors import BadTruth, Cancelled, CannotRead
from core.reporting import Reporter
from core.sampling.records import PatchRecords
from core.training.data.patches import patch_bytes
from core.training.data.records import RecordPatches

Sample = Mapping[str, np.ndarray]


def silent() -> Reporter:
    return Reporter(lambda event: None)


def opened(folder: Path | str) -> RecordPatches:
    return RecordPatches(str(folder), "Training", silent())


def as_plain_bytes(values: np.ndarray) -> bytes:
    serialized: bytes = tf.io.serialize_tensor(values).numpy()
    return serialized


def as_numbers(values: np.ndarray) -> bytes:
    serialized: bytes = tf.make_tensor_proto(values).SerializeToString()
    return serialized


def example(sample: Sample, serialize: Callable[[np.ndarray], bytes] = as_plain_bytes) -> bytes:
    """The features in the order of the sample: protobuf merges messages that follow each other."""
    return b"".join(
        tf.train.Example(
            features=tf.train.Features(feature={name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[serialize(values)]))})
        ).SerializeToString()
        for name, values in sample.items()
    )


def write_shard(path: Path, records: Iterable[bytes]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def describe(folder: Path, sample: Sample) -> None:
    (folder / "output_shape.json").write_text(json.dumps({name: list(values.shape) for name, values in sample.items()}))
    (folder / "output_types.json").write_text(json.dumps({name: values.dtype.name for name, values in sample.items()}))


def samples(count: int, seed: int = 0) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [
        {
            "xs": rng.integers(0, 3000, (4, 4, 2)).astype("uint16"),
            "pan": rng.normal(size=(8, 8)).astype("float32"),
            "labels": np.array([number % 3], "int32"),
        }
        for number in range(count)
    ]


def folder_of(folder: Path, shards: Mapping[str, list[dict[str, np.ndarray]]], **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    describe(folder, next(sample for shard in shards.values() for sample in shard))
    for name, shard in shards.items():
        write_shard(folder / name, (example(sample, **options) for sample in shard))
    return folder


def same(found: list[np.ndarray], expected: list[dict[str, np.ndarray]], names: Iterable[str] = ("xs", "pan", "labels")) -> bool:
    return all(
        np.array_equal(array.reshape(len(expected), -1), np.stack([sample[name].ravel() for sample in expected]))
        for array, name in zip(found, names, strict=True)
    )


def test_what_the_writer_wrote(tmp_path: Path) -> None:
    """Two sources of two sizes and types; the writer deals the samples out to three shards in turn."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 9, (50, 4, 6, 2)).astype("uint16"), rng.normal(size=(50, 8, 12, 1)).astype("float32")
    codes = (np.arange(50, dtype="int32") * 7)[:, None]
    classes = make_classes([(7, "forest"), (0, "water")])
    with PatchRecords(str(tmp_path / "r"), 50, 20, [(4, 6), (8, 12)], codes, False) as writer:
        writer.classes = classes
        for start in (0, 30):
            part = slice(start, start + 30)
            writer.write(start, [first[part].reshape(-1, 6, 2), second[part].reshape(-1, 12, 1)])
    with opened(tmp_path / "r") as records:
        assert (records.count, records.classes) == (50, classes)
        assert records.shapes == ((4, 6, 2), (8, 12, 1), (1, 1, 1))
        assert records.dtypes == (np.dtype("uint16"), np.dtype("float32"), np.dtype("int32"))
        assert patch_bytes(records) == 4 * 6 * 2 * 2 + 8 * 12 * 4 + 4
        found = records.read(0, 50)
    dealt = [sample for shard in range(3) for sample in range(shard, 50, 3)]
    for array, expected in zip(found, (first, second, codes[:, None, None]), strict=True):
        assert array.dtype == expected.dtype and np.array_equal(array, expected[dealt]) and array.flags.c_contiguous


def test_measurements_and_label_patches(tmp_path: Path) -> None:
    pixels = np.arange(3 * 4 * 4, dtype="uint8").reshape(12, 4, 1)
    heights = np.array([[1.5, -2], [np.nan, 4], [5, 6]], "float32")
    with PatchRecords(str(tmp_path / "measured"), 3, 9, [(4, 4)], heights, False) as writer:
        writer.write(0, [pixels])
    with PatchRecords(str(tmp_path / "segmented"), 3, 9, [(4, 4), (2, 2)], None, True) as writer:
        writer.write(0, [pixels, pixels[:6, :2]])
    assert opened(tmp_path / "measured").shapes == ((4, 4, 1), (1, 1, 2))
    np.testing.assert_array_equal(opened(tmp_path / "measured").read(0, 3)[1], heights[:, None, None])
    assert opened(tmp_path / "segmented").shapes == ((4, 4, 1), (2, 2, 1))
    np.testing.assert_array_equal(opened(tmp_path / "segmented").read(1, 3)[1], pixels[2:6, :2].reshape(2, 2, 2, 1))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordPatches, list[dict[str, np.ndarray]]]:
    """Shards of 3, 0, 300 and 1 samples."""
    all_samples = samples(304)
    shards = {"0.records": all_samples[:3], "1.records": [], "2.records": all_samples[3:303], "10.records": all_samples[303:]}
    return opened(folder_of(tmp_path_factory.mktemp("several") / "r", shards)), all_samples


@given(bounds=st.tuples(st.integers(0, 304), st.integers(0, 304)))
def test_any_run_of_samples(several: tuple[RecordPatches, list[dict[str, np.ndarray]]], bounds: tuple[int, int]) -> None:
    records, expected = several
    start, stop = sorted(bounds)
    found = records.read(start, stop)
    assert [array.shape for array in found] == [(stop - start, *shape) for shape in records.shapes]
    assert start == stop or same(found, expected[start:stop])


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("input_xs_patches", "labels_patches"), ("input_xs_patches", "labels_patches")),  # as in OTBTF's tutorial: the last one
        (("zebra", "labels", "ape"), ("zebra", "ape", "labels")),
        (("größe", "truth"), ("größe", "truth")),
    ],
)
def test_names_of_others(tmp_path: Path, names: tuple[str, ...], order: tuple[str, ...]) -> None:
    written = [{name: np.full((2, 2, 1), 10 * number + place, "int16") for place, name in enumerate(names)} for number in range(5)]
    assert same(opened(folder_of(tmp_path / "r", {"a.records": written})).read(0, 5), written, order)


@pytest.mark.parametrize(("shape", "read_as"), [((), (1, 1, 1)), ((3,), (1, 1, 3)), ((2, 5), (2, 5, 1)), ((2, 5, 3), (2, 5, 3))])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int64", "uint64", "float16", "float64"])
@pytest.mark.parametrize("serialize", [as_plain_bytes, as_numbers])
def test_all_shapes_and_types(
    tmp_path: Path, shape: tuple[int, ...], read_as: tuple[int, int, int], dtype: str, serialize: Callable[[np.ndarray], bytes]
) -> None:
    values = np.arange(np.prod(shape), dtype="float64").reshape(shape).astype(dtype)
    sample = {"x": values, "labels": np.array([1], "uint8")}
    records = opened(folder_of(tmp_path / "r", {"0.records": [sample]}, serialize=serialize))
    (found, _) = records.read(0, 1)
    assert records.shapes[0] == read_as and found.shape == (1, *read_as) and found.dtype == dtype
    np.testing.assert_array_equal(found.ravel(), values.ravel())


def test_records_of_several_writers(tmp_path: Path) -> None:
    """Features in another order, numbers instead of plain bytes, more features than are described: in one shard."""
    written = samples(60)
    turned = [dict(reversed(sample.items())) for sample in written]
    many = [sample | {"id": np.zeros(number, "int8")} for number, sample in enumerate(written)]
    kinds = [
        [example(sample) for sample in written], [example(sample) for sample in turned],
        [example(sample, as_numbers) for sample in written], [example(sample) for sample in many],
        [example(sample, lambda values: as_plain_bytes(values) + b"\x18\x00") for sample in written],  # with TensorProto's version, last
    ]  # fmt: skip
    folder = folder_of(tmp_path / "r", {"0.records": written})
    write_shard(folder / "0.records", (kinds[number // 2 % 5][number] for number in range(60)))
    assert same(opened(folder).read(0, 60), written)


def test_values_that_look_like_another_feature(tmp_path: Path) -> None:
    """The pixels of the first source hold the truth's name and a value, byte for byte, once the right one; the second source equals it."""
    decoys = [example({"labels": np.array([number], "uint8")}).ljust(64, b"\0") for number in (7, 9, 7, 8)]
    pixels = [np.frombuffer(decoy, "uint8").reshape(8, 8, 1) for decoy in decoys]
    for order in (("a", "b", "labels"), ("labels", "b", "a")):
        each = [{"a": patch, "b": patch, "labels": np.array([7], "uint8")} for patch in pixels]
        written = [{name: sample[name] for name in order} for sample in each]
        found = opened(folder_of(tmp_path / "r", {"0.records": written})).read(0, 4)
        assert same(found, written, [*(name for name in order if name != "labels"), "labels"])


def test_one_sample(tmp_path: Path) -> None:
    records = opened(folder_of(tmp_path / "r", {"only.records": samples(1)}))
    assert records.count == 1 and same(records.read(0, 1), samples(1)) and records.classes == ()


def damaged(folder: Path, change: Callable[[bytes], bytes]) -> Path:
    path = folder_of(folder, {"0.records": samples(2), "1.records": samples(5)}) / "1.records"
    path.write_bytes(change(path.read_bytes()))
    return folder


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: flipped(data, len(data) // 2), r"Record 3 of .*1\.records: expected a whole record"),  # a value
        (lambda data: flipped(data, 0), r"Record 1 of .*1\.records"),  # a length
        (lambda data: data[:-20], r"Record 5 of .*1\.records"),
        (lambda data: data[: len(data) // 5 * 4 + 5], r"Record 5 of .*1\.records"),  # in the middle of a length
        (lambda data: data + b"more", r"Record 6 of .*1\.records"),
        (lambda data: b"no record at all, but a text", r"Record 1 of .*1\.records"),
        (gzip.compress, r"1\.records: expected a TFRecord file without compression"),
    ],
)
def test_damage_is_found_before_training(tmp_path: Path, change: Callable[[bytes], bytes], message: str) -> None:
    folder = damaged(tmp_path / "r", change)
    with pytest.raises(CannotRead, match=message):
        opened(folder)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"xs": np.zeros((4, 5, 2), "uint16")}, r"xs in record 4 of .*: expected \[4, 4, 2\] of type uint16, received \[4, 5, 2\]"),
        ({"xs": np.zeros((4, 4, 2), "int16")}, r"xs in record 4 of .*received \[4, 4, 2\] of type int16"),  # as long, byte for byte
        ({"xs": np.zeros((2, 8, 2), "uint16")}, r"xs in record 4 of .*received \[2, 8, 2\]"),
        ({"labels": np.array(1, "int32")}, r"labels in record 4 of .*received \[\]"),
    ],
)
def test_a_record_unlike_its_description(tmp_path: Path, other: dict[str, np.ndarray], message: str) -> None:
    folder = folder_of(tmp_path / "r", {"0.records": samples(6)})
    mixed = [sample | (other if number == 3 else {}) for number, sample in enumerate(samples(6))]
    write_shard(folder / "0.records", map(example, mixed))
    records = opened(folder)
    assert same(records.read(0, 3), mixed[:3])
    with pytest.raises(CannotRead, match=message):
        records.read(1, 6)


@pytest.mark.parametrize(
    "record",
    [
        b"no message of protobuf",
        example({"xs": samples(1)[0]["xs"]}),
        example(samples(1)[0], lambda values: as_plain_bytes(values)[:-1]),
        example(samples(1)[0], lambda values: as_numbers(values)[:-3]),
        tf.train.Example(
            features=tf.train.Features(feature={"xs": tf.train.Feature(float_list=tf.train.FloatList(value=[1.0]))})
        ).SerializeToString(),
    ],
)
def test_records_that_hold_something_else(tmp_path: Path, record: bytes) -> None:
    folder = folder_of(tmp_path / "r", {"0.records": samples(1)})
    write_shard(folder / "0.records", [record])
    with pytest.raises(CannotRead, match=r"record 1 of .*0\.records"):
        opened(folder).read(0, 1)


@pytest.mark.parametrize(
    ("shapes", "types", "error", "message"),
    [
        (None, {"x": "uint8"}, CannotRead, "output_shape.json: expected a file"),
        ({"x": [1]}, None, CannotRead, "output_types.json: expected a file"),
        ("{", {}, CannotRead, "output_shape.json: expected JSON"),
        ([1], {}, CannotRead, "expected the same features"),
        ({"x": [2, 2, 1], "labels": [1]}, {"x": "uint8"}, CannotRead, "expected the same features"),
        ({"x": [2, 2, 1], "labels": [1]}, {"x": "string", "labels": "int32"}, CannotRead, "Type of x .*received string"),
        ({"x": [2, 2, 1], "labels": [1]}, {"x": None, "labels": "int32"}, CannotRead, "Type of x"),
        ({"x": [None, 2, 1], "labels": [1]}, {"x": "uint8", "labels": "int32"}, CannotRead, r"Shape of x .*received \[null, 2, 1\]"),
        ({"x": [3, 2, 2, 1], "labels": [1]}, {"x": "uint8", "labels": "int32"}, CannotRead, "Shape of x"),
        ({"x": [0, 2, 2], "labels": [1]}, {"x": "uint8", "labels": "int32"}, CannotRead, "Shape of x"),
        ({"labels": [1]}, {"labels": "int32"}, BadTruth, "at least one source"),
        ({}, {}, BadTruth, "at least one source"),
        ({"source1": [1], "source2": [1]}, {"source1": "uint8", "source2": "uint8"}, BadTruth, "at least one source, and the truth"),
    ],
)
def test_descriptions_that_do_not_describe(tmp_path: Path, shapes: Any, types: Any, error: type, message: str) -> None:
    write_shard(tmp_path / "0.records", [])
    for name, values in (("output_shape.json", shapes), ("output_types.json", types)):
        if values is not None:
            (tmp_path / name).write_text(values if isinstance(values, str) else json.dumps(values))
    with pytest.raises(error, match=message):
        opened(tmp_path)


def test_no_shards_and_no_samples(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=r"output_shape\.json: expected a file"):
        opened(tmp_path / "nowhere")
    describe(tmp_path, samples(1)[0])
    with pytest.raises(CannotRead, match="expected TFRecord shards"):
        opened(tmp_path)
    write_shard(tmp_path / "0.records", [])
    with pytest.raises(BadTruth, match="expected samples, received none"):
        opened(tmp_path)


def test_a_class_table_that_is_none(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "r", {"0.records": samples(1)})
    (folder / "classes.json").write_text('[{"code": "many"}]')
    with pytest.raises(CannotRead, match=r"classes\.json: expected a list of classes"):
        opened(folder)


def test_a_shard_that_is_cut_during_training(tmp_path: Path) -> None:
    records = opened(folder_of(tmp_path / "r", {"0.records": samples(9)}))
    (tmp_path / "r" / "0.records").write_bytes(b"")
    with pytest.raises(CannotRead, match="received a shorter one"):
        records.read(0, 9)
    (tmp_path / "r" / "0.records").unlink()
    with pytest.raises(CannotRead, match="expected the file that was there"):
        records.read(0, 9)


def test_a_cancel_while_the_shards_are_checked(tmp_path: Path, make_reporter: Callable[..., Any]) -> None:
    reporter = make_reporter()
    reporter.cancelled.set()
    with pytest.raises(Cancelled):
        RecordPatches(str(folder_of(tmp_path / "r", {"0.records": samples(3)})), "Training", reporter)

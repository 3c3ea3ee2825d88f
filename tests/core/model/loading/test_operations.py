"""The table of operations against those that this TensorFlow has: none that by its name touches files or the network is passed."""

from __future__ import annotations

import re

import pytest

from core.model.backend import tf
from core.model.loading.operations import RESTORING, SAVING, UNKNOWN, is_known, suspicion

OUTSIDE = re.compile(
    r".*(File(?!name|spec)|Reader|TFRecord|RecordInput|PyFunc|Rpc|RemoteCall|DataService|SummaryWriter|Sql|LMDB|CSVDataset).*"
)
COUNTS = re.compile(r"Reader(Num|Read|Reset|Restore|Serialize).*")  # act on a reader, which has to be made first


def node(name: str) -> object:
    return tf.compat.v1.NodeDef(name="n", op=name)


def kinds() -> list[str]:
    return [name for name in dir(tf.raw_ops) if is_known(name)]


def test_what_touches_files_or_the_network_by_name_is_suspect() -> None:
    assert len(kinds()) > 1000
    passed = [name for name in kinds() if OUTSIDE.fullmatch(name) and not COUNTS.fullmatch(name) and suspicion(node(name)) is None]
    assert set(passed) <= {"IdentityReader", "IdentityReaderV2"} | RESTORING | SAVING


@pytest.mark.parametrize(
    "name", ["Conv2D", "VarHandleOp", "ReadVariableOp", "StatefulPartitionedCall", "RandomUniform", "HashTableV2", "While"]
)
def test_what_networks_are_made_of_is_harmless(name: str) -> None:
    assert is_known(name) and suspicion(node(name)) is None


def test_most_operations_are_harmless_and_a_stateful_one_that_nobody_vouches_for_is_not() -> None:
    suspect = [name for name in kinds() if suspicion(node(name))]
    assert len(suspect) < len(kinds()) / 4
    assert suspicion(node("SleepOp" if is_known("SleepOp") else "GetSessionHandleV2")) == UNKNOWN

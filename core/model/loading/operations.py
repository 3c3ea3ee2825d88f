"""Which operations of a graph may act on the world outside of it: a table of those that do, and a rule for those that nobody listed.

TensorFlow's own advice is that a model is a program (its SECURITY.md): it can read and write files, talk to the network and, through
`PyFunc`, run Python that the same process has registered. The rule: an operation is suspect if it stands in the table, or if TensorFlow
marks it as stateful and it is none of the kinds known to keep their state inside the process (variables, random numbers, tables in
memory, control flow …). TensorFlow's mark alone would not do: `ReadFile` does not carry it, and `VarHandleOp` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

READS, WRITES, NETWORK, PYTHON, CODE = "reads files", "writes files", "talks to the network", "runs Python", "runs compiled code"
UNKNOWN = "acts in a way that is not known to be harmless"

# What a checkpoint is made of. Every SavedModel has these, to be saved and restored; they are suspect only where serving would run them.
RESTORING = frozenset(("Restore", "RestoreSlice", "RestoreV2"))
SAVING = frozenset(("MergeV2Checkpoints", "Save", "SaveSlices", "SaveV2"))

_TABLE = {
    READS: "ReadFile MatchingFiles ImmutableConst LoadAndRemapMatrix GenerateVocabRemapping InitializeTableFromTextFile(V2)? RecordInput "
    "Skipgram FixedUnigramCandidateSampler (Experimental)?MatchingFilesDataset TextLineDataset FixedLengthRecordDataset(V2)? "
    "TFRecordDataset(V2)? (Experimental)?CSVDataset(V2)? (Experimental)?SqlDataset (Experimental)?LMDBDataset LoadDataset "
    r"(TextLine|FixedLengthRecord|TFRecord|WholeFile|LMDB)Reader\w* ListSnapshotChunksDataset Snapshot\w*Dataset\w* "
    "(De|En)codeProto(V2)? DTensorRestoreV2",
    WRITES: r"WriteFile CacheDataset(V2)? SaveDataset(V2)? (Experimental)?DatasetToTFRecord DistributedSave DumpTensor ImportEvent "
    r"CreateSummary\w*Writer Write\w*Summary SummaryWriter FlushSummaryWriter CalibrationStatisticsSaver CustomAggregator "
    "FileSystemSetConfiguration",
    NETWORK: r"DataServiceDataset\w* RegisterDataset(V2)? Rpc\w* RemoteCall _?(Host)?Send _?(Host)?Recv _Host(Send|Recv) Collective\w* "
    r"Configure\w*TPU\w* WorkerHeartbeat Debug(Gradient)?(Ref)?Identity(V\d)? DebugN\w+",
    PYTHON: "PyFunc PyFuncStateless EagerPyFunc",
    CODE: r"XlaCallModule XlaCustomCall(V2)? _?Xla(HostCompute|Launch|Compile|Run)\w* TPU(Compile|Execute)\w* TRTEngineOp",
}
_PATTERNS = {why: re.compile("|".join(names.split())) for why, names in _TABLE.items()}

# Stateful by TensorFlow's word, but with a state that stays in the process and in the model's own variables.
_INSIDE = (
    r"Variable(V2|Shape)? VarHandleOp VarIsInitializedOp _?(Read|Assign|AssignAdd|AssignSub)Variables?Op _VarHandlesOp "
    r"DestroyResourceOp DisableCopyOnRead TemporaryVariable Empty DeepCopy GuaranteeConst MutexV2 MutexLock ConsumeMutexLock "
    r"Resource(Apply|Sparse|Scatter|Gather|Strided|CountUpTo|Accumulator|Conditional)\w* (Sparse)?ConditionalAccumulator Barrier "
    r"Random\w+ Multinomial (Parameterized)?TruncatedNormal Stateful(Random|Standard|Truncated|Uniform)\w+ StatelessRandomGetAlg "
    r"Rng\w+ NonDeterministicInts \w+CandidateSampler SampleDistortedBoundingBox(V2)? \w*SeedGenerator "
    r"StatefulPartitionedCall _?If _?While Case Assert Print CheckNumerics(V2)? _Arg _Retval DeviceIndex Timestamp "
    r"(Anonymous)?(Mutable)?(Dense)?HashTable\w* LookupTable\w+V2 InitializeTableV2 InitializeTableFromDataset "
    r"TensorArray\w* Stack\w* (FIFO|PaddingFIFO|Priority|RandomShuffle)Queue(V2)? Queue\w+V2 (Map|OrderedMap)?(Unstage|Stage)\w* "
    r"CudnnRNN\w* BoostedTrees\w+ (Add|Take)ManySparse\w+ AddSparseToTensorsMap IsTensorFloat32Enabled "
    r"(Tensor|TensorSlice|SparseTensorSlice|Range|Random|Generator|Reduce|Shuffle|ShuffleAndRepeat|List)Dataset(V\d)? "
    r"DatasetToSingleElement (Anonymous|OneShot|Make|Delete)?Iterator(V\d)? Iterator(GetNext\w*|ToStringHandle) "
    r"(Anonymous|Delete|Dummy)MemoryCache"
)
_HARMLESS = re.compile("|".join(_INSIDE.split()))


def suspicion(node: Any) -> str | None:
    """What an operation (a NodeDef) may do outside the graph, as words that follow "it"; None for a harmless one.

    Those of a checkpoint, and those that TensorFlow does not know, are not judged here.
    """
    name: str = node.op
    if name in RESTORING or name in SAVING:
        return None
    for why, pattern in _PATTERNS.items():
        if pattern.fullmatch(name):
            return why
    if name in _BY_ATTRIBUTE:
        return _BY_ATTRIBUTE[name](node)
    definition = _definition(name)
    return UNKNOWN if definition is not None and definition.is_stateful and not _HARMLESS.fullmatch(name) else None


def is_known(name: str) -> bool:
    """Whether this TensorFlow has the operation."""
    return _definition(name) is not None


def _definition(name: str) -> Any:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name)


def _prints_to(node: Any) -> str | None:
    """`PrintV2` writes to a file if its stream is "file://…"."""
    stream = node.attr["output_stream"].s.decode("utf-8", "replace")
    return WRITES if stream.startswith("file:") else None


_BY_ATTRIBUTE: dict[str, Callable[[Any], str | None]] = {"PrintV2": _prints_to}

"""python -m benchmarks [NAME …]: measure all benchmarks or the named ones; print a table, write build/bench.json."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from . import classification, sampling, serving, superresolution, training

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, "build", "bench")
RESULTS = os.path.join(ROOT, "build", "bench.json")


@dataclass(frozen=True)
class Goal:
    """What a benchmark should reach: `better` says on which side of the goal."""

    measure: Callable[[str], float]
    goal: float
    better: str


GOALS = {
    "serve_fcn_vs_tf": Goal(serving.serve_fcn_vs_tf, 1.03, "lower"),
    "serve_fcn_fast_vs_tf": Goal(serving.serve_fcn_fast_vs_tf, 0.65, "lower"),
    "serve_light_fcn_vs_tf": Goal(serving.serve_light_fcn_vs_tf, 1.05, "lower"),
    "superresolve_vs_script": Goal(serving.superresolve_vs_script, 1.1, "lower"),
    "dense_vs_patch": Goal(serving.dense_vs_patch, 30.0, "higher"),
    "dense_vs_patch_two_sources": Goal(serving.dense_vs_patch_two_sources, 10.0, "higher"),
    "memory_16384_vs_4096": Goal(serving.memory_16384_vs_4096, 1.1, "lower"),
    "time_linearity_residual": Goal(serving.time_linearity_residual, 0.03, "lower"),
    "auto_block_vs_best": Goal(serving.auto_block_vs_best, 1.1, "lower"),
    "extract_50k_vs_loop": Goal(sampling.extract_50k_vs_loop, 0.2, "lower"),
    "train_vs_keras": Goal(training.train_vs_keras, 0.95, "higher"),
    "train_streamed_vs_keras": Goal(training.train_streamed_vs_keras, 0.9, "higher"),
    "train_superresolution_vs_keras": Goal(superresolution.train_superresolution_vs_keras, 0.9, "higher"),
    "classify_vs_sklearn": Goal(classification.classify_vs_sklearn, 0.9, "higher"),
    "extract_1m_memory": Goal(sampling.extract_1m_memory, 1000.0, "lower"),
}


@dataclass(frozen=True)
class Result:
    """One line of build/bench.json."""

    name: str
    value: float
    goal: float
    better: str


def main(names: list[str]) -> int:
    """Measure; the exit status is 2 for an unknown name."""
    unknown = [name for name in names if name not in GOALS]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(GOALS)}.", file=sys.stderr)
        return 2
    os.makedirs(WORK, exist_ok=True)
    results = [_measure(name) for name in names or GOALS]
    with open(RESULTS, "w", encoding="utf-8") as file:
        json.dump([asdict(result) for result in results], file, indent=2)
    print(f"Written to {os.path.relpath(RESULTS, ROOT)}")
    return 0


def _measure(name: str) -> Result:
    wanted, start = GOALS[name], time.monotonic()
    result = Result(name, round(wanted.measure(WORK), 4), wanted.goal, wanted.better)
    reached = result.value <= result.goal if result.better == "lower" else result.value >= result.goal
    sign = "<=" if result.better == "lower" else ">="
    took = time.monotonic() - start
    print(
        f"{name:28} {result.value:9.3f}   goal {sign} {result.goal:<6g} {'reached' if reached else 'missed':8} ({took:.0f} s)", flush=True
    )
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Several values of an output for the same place, made one: what blending and test-time augmentation have in common.

Values are averaged. Classes cannot be: where the model tells their probabilities too, the class is that of the largest mean probability,
in the way in which the gallery's models (core/model/folder.py) make theirs; else the weighted majority wins. Only running sums are held,
in the order of the calls, so that the same values give the same result to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter
from ..model.contract import Contract, OutputSpec
from ..model.loading.load import LoadedModel
from .evaluate import Outputs

MOST_CODES = 256  # that a block of a class map may hold, to be voted on
WHOLE = slice(None), slice(None)


@dataclass(frozen=True)
class Rule:
    """How one output is made.

    Attributes:
        origin: the model's output whose values are taken; another one for classes that follow from their probabilities.
        dtype: of the result.
        votes: the majority wins; else values are averaged.
        codes: of the classes, one a channel of `origin`: the result is that of the channel with the largest mean.
    """

    origin: str
    dtype: np.dtype
    votes: bool = False
    codes: tuple[int, ...] = ()


def rules_for(outputs: Sequence[str], model: LoadedModel, contract: Contract | None) -> dict[str, Rule]:
    """The rule of each output, by its name."""
    dtypes = {spec.name: spec.dtype for spec in model.outputs}
    specs = {spec.name: spec for spec in contract.outputs if spec.name in dtypes} if contract else {}
    return {name: _rule(name, dtypes[name], specs) for name in outputs}


def _rule(name: str, dtype: np.dtype, specs: Mapping[str, OutputSpec]) -> Rule:
    spec = specs.get(name)
    if spec is None or spec.kind != "classes":
        return Rule(name, dtype, votes=dtype.kind == "b" or (spec is None and dtype.kind in "iu"))
    for other in specs.values():
        if other.kind == "probabilities" and {c.code for c in other.classes} == {c.code for c in spec.classes}:
            return Rule(other.name, dtype, codes=tuple(c.code for c in other.classes))
    return Rule(name, dtype, votes=True)


def origins(rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """The outputs that the model has to give, each once."""
    return tuple(dict.fromkeys(rule.origin for rule in rules.values()))


class Combination:
    """Running sums over a block of `shape` (rows, cols), to which values are added with weights that add up to 1 at every place."""

    def __init__(self, rules: Mapping[str, Rule], shape: tuple[int, int]) -> None:
        self._rules = rules
        self._sums = {rule.origin: _Votes(rule, shape) if rule.votes else _Mean(shape) for rule in rules.values()}

    def add(self, values: Outputs, weights: np.ndarray | float, place: tuple[slice, slice] = WHOLE) -> None:
        """Add values, (rows, cols, channels) by origin, at a place of the block; `weights`: one, or (rows, cols, 1)."""
        for origin, total in self._sums.items():
            total.add(values[origin], weights, place)

    def outputs(self) -> Outputs:
        """What the values that were added give, (rows, cols, channels) each."""
        return {name: _finished(rule, self._sums[rule.origin].result()) for name, rule in self._rules.items()}


def _finished(rule: Rule, values: np.ndarray) -> np.ndarray:
    if rule.codes:
        return np.array(rule.codes, rule.dtype)[values.argmax(axis=2)][:, :, np.newaxis]
    return (np.rint(values) if rule.dtype.kind in "iu" else values).astype(rule.dtype)


class _Mean:
    """In double precision: the order of the values leaves no trace in single precision."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape, self._sum = shape, np.zeros((*shape, 0))

    def add(self, values: np.ndarray, weights: np.ndarray | float, place: tuple[slice, slice]) -> None:
        if not self._sum.size:
            self._sum = np.zeros((*self._shape, values.shape[2]))
        self._sum[place] += values * weights

    def result(self) -> np.ndarray:
        return self._sum


class _Votes:
    """One plane of weights for every code that was seen; a tie goes to the lowest."""

    def __init__(self, rule: Rule, shape: tuple[int, int]) -> None:
        self._rule, self._shape = rule, shape
        self._planes: dict[int, np.ndarray] = {}

    def add(self, values: np.ndarray, weights: np.ndarray | float, place: tuple[slice, slice]) -> None:
        for code in np.unique(values).tolist():
            if code not in self._planes:
                self._check(len(self._planes))
                self._planes[code] = np.zeros((*self._shape, values.shape[2]), np.float32)
            self._planes[code][place] += weights * (values == code)

    def result(self) -> np.ndarray:
        codes = sorted(self._planes)
        winner = np.full_like(self._planes[codes[0]], codes[0], dtype=self._rule.dtype)
        most = self._planes[codes[0]].copy()
        for code in codes[1:]:
            more = self._planes[code] > most
            winner[more], most[more] = code, self._planes[code][more]
        return winner

    def _check(self, codes: int) -> None:
        if codes >= MOST_CODES:
            raise BadParameter(
                f"Output {self._rule.origin} of the model is no class map: its whole numbers cannot be voted on",
                expected=f"at most {MOST_CODES} classes in a block",
                received="more",
                remedy="Serve it without overlap and test-time augmentation, or choose another output.",
            )

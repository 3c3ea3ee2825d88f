"""The report of a training: one HTML page with all that is needed to judge the network, and to train it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from html import escape

from ...charts import BLUE, GREY, VERMILION
from ...jobs import PairSet, TrainSuperresolution, to_dict
from ...model.contract import Contract
from ...model.loading.load import device_in_use
from ...page import Cell, picture, section, table, to_repeat, write_page
from ...quality.report import METHODS
from ...reporting import format_duration
from ...training.report.panels import Line, Panel, draw_panels
from ...training.report.sections import count, describe_input, machine_section, settings_section
from ..epochs import Epochs, chosen_by_psnr
from ..survey import Survey
from ..validation import CONSISTENCY, Judged, Made, Validation
from .album import SIDE, look, sheet
from .remarks import PERCEPTION, warnings

_WORDS = {
    "psnr": "PSNR (dB), the more the better",
    "ssim": "SSIM, 1 is best",
    "sam": "SAM (degrees), 0 is best",
    "ergas": "ERGAS, 0 is best",
    "rmse": "RMSE (pixel values), 0 is best",
    CONSISTENCY: "Consistency (dB), the more the better",
}
_CURVES = {"psnr": "PSNR (dB)", "ssim": "SSIM", "sam": "SAM (degrees)", "ergas": "ERGAS"}
_BANDS = ("Band", "RMSE", "of bicubic", "PSNR (dB)", "of bicubic", "SSIM", "of bicubic", "Bias", "Correlation")
_PATCHES = {"high": "fine patches", "low": "coarse patches", "guide": "guide"}
_CONSISTENCY = (
    "Consistency is the PSNR of the made image, seen by the coarse sensor, against the coarse image: what is low here was not in the data. "
    "Of every patch, two coarse pixels at each edge do not count in any figure."
)


@dataclass(frozen=True)
class Facts:
    """What the report tells.

    Attributes:
        parameters: numbers in the network.
        pairs: how many it learnt from.
    """

    job: TrainSuperresolution
    contract: Contract
    parameters: int
    pairs: int
    survey: Survey
    epochs: Epochs
    validation: Validation


def write(facts: Facts, made: Made, check: Callable[[], None]) -> None:
    """Write the page to the job's `output_html`.

    Args:
        made: by the network that is written.
        check: called between the parts, as drawing takes some seconds; raises to stop.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    parts = []
    for part in _parts(facts, made, check):
        check()
        parts.append(part)
    write_page(facts.job.output_html, f"Training of {facts.contract.name}", *parts)


def _parts(facts: Facts, made: Made, check: Callable[[], None]) -> Iterator[str]:
    judged = facts.validation.judge(made)
    yield f'<p class="lead">{escape(_summary(facts, judged))}</p>\n'
    yield from (f'<p class="warning">{escape(text)}</p>\n' for text in _warnings(facts))
    yield _figures(facts)
    if not chosen_by_psnr(facts.job.losses):
        yield f"<p>{escape(PERCEPTION)}</p>\n"
    yield section("Bands", table(_bands(judged, facts.validation.of_bicubic), _BANDS))
    yield section("Epochs", picture(curves(facts.epochs, facts.validation.bicubic), "Curves over the epochs"), _pretraining(facts.job))
    yield section("Validation pairs", _how_to_read(), picture(sheet(look(facts.validation, made, judged, check)), "Pairs side by side"))
    yield section("Pairs", table(_pairs(facts, judged)), *_fits(facts))
    yield section("Network", table(_network(facts)))
    yield settings_section(facts.job)
    yield machine_section()
    methods = (*METHODS, f"{_CONSISTENCY} Peak: {facts.validation.peak:.6g}, the range of the true images.")
    yield section("How the figures are computed", *(f"<p>{escape(text)}</p>\n" for text in methods))
    yield section("To train it again", to_repeat(to_dict(facts.job)))


def _summary(facts: Facts, judged: Judged) -> str:
    rows = facts.epochs.rows
    spent = f"{count(len(rows), 'epoch')} in {format_duration(sum(row['seconds'] for row in rows))} on {device_in_use()}"
    learnt = f"pixels {facts.job.factor} times finer, learnt from {count(facts.pairs, 'pair')}, measured on {len(judged.errors):,} others"
    return f"Network {facts.job.network}: {learnt}. {spent}."


def _warnings(facts: Facts) -> Iterator[str]:
    yield from facts.survey.warnings()
    yield from warnings(facts.epochs.rows, facts.epochs.best, facts.validation.bicubic, chosen_by_psnr(facts.job.losses))


def _figures(facts: Facts) -> str:
    """Those of the kept epoch, which are the outputs of the job."""
    kept, bicubic = facts.epochs.rows[facts.epochs.best - 1], facts.validation.bicubic
    rows = [_compared(text, kept.get(name), bicubic.get(name)) for name, text in _WORDS.items() if name in kept or name in bicubic]
    told = f"<p>Epoch whose weights were kept: {facts.epochs.best} of {len(facts.epochs.rows)}.</p>\n"
    return table(rows, ("Figure", "Network", "Bicubic", "Network − bicubic")) + told


def _compared(text: str, network: float | None, bicubic: float | None) -> tuple[Cell, ...]:
    return text, network, bicubic, None if network is None or bicubic is None else network - bicubic


def _bands(judged: Judged, bicubic: Judged) -> list[tuple[Cell, ...]]:
    return [
        (band.name, band.rmse, other.rmse, band.psnr, other.psnr, band.ssim, other.ssim, band.bias, band.correlation)
        for band, other in zip(judged.quality.bands, bicubic.quality.bands, strict=True)
    ]


def panels_of(epochs: Epochs, bicubic: dict[str, float]) -> list[Panel]:
    """What there is to show of the epochs; bicubic interpolation, which learns nothing, is a level line."""
    panels = []
    for name, title in _CURVES.items():
        if any(name in row for row in epochs.rows):
            level = (Line("bicubic", (bicubic[name],), VERMILION, "--", level=True),) if name in bicubic else ()
            panels.append(Panel(title, (_line(epochs, name, "network", BLUE), *level), relative=True))
    loss = Panel("Loss, on the training pairs", (_line(epochs, "loss", "loss", GREY),), steep=True)
    return [*panels, loss, Panel("Learning rate", (_line(epochs, "learning_rate", "learning rate", GREY),))]


def _line(epochs: Epochs, name: str, label: str, colour: str) -> Line:
    return Line(label, tuple(row.get(name) for row in epochs.rows), colour)


def curves(epochs: Epochs, bicubic: dict[str, float]) -> bytes:
    """All panels as PNG."""
    return draw_panels(panels_of(epochs, bicubic), [int(row["epoch"]) for row in epochs.rows], epochs.best)


def _pretraining(job: TrainSuperresolution) -> str:
    pretrain, others = job.fitting.pretrain, not chosen_by_psnr(job.losses)
    return f"<p>Up to epoch {pretrain} the loss is that of L1 and L2 alone; after it, of all.</p>\n" if pretrain and others else ""


def _how_to_read() -> str:
    return (
        "<p>All in the same colours. coarse: what the network is given; bicubic: interpolated; made: by the network; true: as it is. "
        f"The middle of the patch, at most {SIDE} fine pixels wide.</p>\n"
    )


def _pairs(facts: Facts, judged: Judged) -> list[tuple[str, Cell]]:
    job = facts.job
    given = ((role, part) for role, part in (("Training", job.training), ("Validation", job.validation)))
    files = [(f"{role}, {what}", os.path.normpath(path)) for role, part in given for what, path in _paths(part)]
    share = f"the last {job.validation_share:.0%} of the training patches, set apart"
    coarse = f"made from the fine ones, as a sensor with an MTF of {job.mtf:g} at its Nyquist frequency sees them (Wald's protocol)"
    return [
        ("Training pairs", facts.pairs),
        ("Validation pairs", len(judged.errors)),
        *files,
        *([] if job.validation.high else [("Validation patches", share)]),
        *([] if facts.survey.pairing.given else [("Coarse patches", coarse)]),
    ]


def _paths(part: PairSet) -> Iterator[tuple[str, str]]:
    for field in fields(part):
        for path in getattr(part, field.name):
            yield _PATCHES[field.name], path


def _fits(facts: Facts) -> Iterator[str]:
    """How far given images lie apart, and how their values were made one."""
    radiometry = facts.survey.pairing.radiometry
    for shifts in facts.survey.shifts:
        yield f"<p>{escape(shifts.in_words())}</p>\n"
        yield picture(shifts.picture(), "How many pairs lie how far apart") if len(shifts.known) else ""
    if radiometry:
        yield "<p>The fine images were first given the radiometry of the coarse ones, band by band: gain · value + offset.</p>\n"
        lines = zip(facts.validation.names, radiometry.gain.tolist(), radiometry.offset.tolist(), strict=True)
        yield table(lines, ("Band", "Gain", "Offset"))


def _network(facts: Facts) -> list[tuple[str, Cell]]:
    (across, down), job = facts.contract.margin, facts.job
    return [
        ("Architecture", job.network),
        ("Parameters", facts.parameters),
        *((f"Input {spec.name}", describe_input(spec)) for spec in facts.contract.inputs),
        ("Margin", f"{across} × {down} output pixels on every side, spoilt by padding: served with as many more, and cut"),
    ]

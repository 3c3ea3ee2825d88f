"""What the reports of all trainings say alike: settings, machine, and an input in words."""

from __future__ import annotations

from ...environment_report import look
from ...jobs import Job
from ...model.contract import InputSpec
from ...model.loading.load import device_in_use
from ...page import Cell, section, table
from .settings import settings

_MOMENTARY = ("Memory free (GB)", "Test computation")  # of the machine: true of a moment, not of the training


def settings_section(job: Job) -> str:
    """How the training was set: in sight what differs from the defaults."""
    changed, usual = settings(job)
    told = table(changed) if changed else "<p>All as by default.</p>\n"
    return section("Settings", told, f"<details><summary>{count(len(usual), 'setting')} as by default</summary>{table(usual)}</details>\n")


def machine_section() -> str:
    """What the training ran on."""
    rows: list[tuple[str, Cell]] = [("Device", device_in_use())]
    rows += [(name, value) for name, value in look().items() if name not in _MOMENTARY]
    return section("Machine", table(rows))


def describe_input(spec: InputSpec) -> str:
    """An input of a contract in words."""
    width, height = spec.receptive_field
    names = f" ({', '.join(spec.bands)})" if spec.bands else ""
    spacing = f", spacing {spec.spacing:g} map units" if spec.spacing else ""
    return f"receptive field {width} × {height} pixels{spacing}, {count(spec.band_count, 'band')}{names}"


def count(number: int, what: str) -> str:
    """So many of them: "1 epoch", "2 epochs"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"

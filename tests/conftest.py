"""What all tests share. Imported by the engine's Python and by QGIS's, so: standard library only, and what may be absent is tried."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

with contextlib.suppress(ImportError):  # QGIS's Python has no hypothesis
    import hypothesis

    # No deadline: a shared machine is sometimes slow, and that is no fault of the code. No database: a clean clone tests the same.
    hypothesis.settings.register_profile("tensorscape", deadline=None, database=None)
    hypothesis.settings.load_profile("tensorscape")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT

"""The report on the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from core import environment_report

ROOT = Path(environment_report.__file__).resolve().parents[1]


def test_the_report_escapes_what_it_shows():
    page = environment_report.report({"System": "<b>&"})
    assert "<th>System</th><td>&lt;b&gt;&amp;</td>" in page


def test_the_job_reports_versions_and_devices_and_writes_the_page(tmp_path):
    """In a process of its own, as in the engine: TensorFlow stays in the process that imports it."""
    job = tmp_path / "job.json"
    page = tmp_path / "a report.html"
    job.write_text(json.dumps({"job": "checkengine", "output_html": str(page)}))
    done = subprocess.run([sys.executable, "-m", "core", str(job)], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    outputs = json.loads(done.stdout)
    assert outputs["OUTPUT_HTML"] == str(page)
    assert outputs["PYTHON_VERSION"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert outputs["TENSORFLOW_VERSION"].startswith("2.")
    assert outputs["CPUS"] == os.cpu_count()
    assert outputs["MEMORY_MB"] > 500
    assert outputs["GPUS"] >= 0
    text = page.read_text()
    assert "Test computation</th><td>passed" in text
    assert outputs["TENSORFLOW_VERSION"] in text

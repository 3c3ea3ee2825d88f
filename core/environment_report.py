"""What the engine runs on: versions of its libraries, devices, memory. What to show, and what to send with a question."""

from __future__ import annotations

import os
import platform
from html import escape
from importlib import metadata
from typing import Any

from .jobs import CheckEngine
from .partial import replacing
from .reporting import Reporter

_LIBRARIES = ("tensorflow", "keras", "numpy", "rasterio", "fiona", "pyogrio", "scikit-learn", "skops", "matplotlib", "psutil", "pystac")
_STYLE = "body{font:15px sans-serif;margin:2em;color:#222}td,th{padding:.3em 1em;text-align:left;border-bottom:1px solid #ddd}"


def run(job: CheckEngine, reporter: Reporter) -> dict[str, Any]:
    """Import TensorFlow, compute something small with it on the device that models will use, and say what was found."""
    reporter.phase("Starting TensorFlow")
    found = look()
    reporter.check()
    for name, value in found.items():
        reporter.info(f"{name}: {value}")
    gpus = int(found["GPUs"])
    if not gpus:
        reporter.info("Models are computed on the processor (CPU).")
    outputs = {
        "PYTHON_VERSION": found["Python"],
        "TENSORFLOW_VERSION": found["tensorflow"],
        "GPUS": gpus,
        "CPUS": int(found["Processor cores"]),
        "MEMORY_MB": round(float(found["Memory (GB)"]) * 1000),
    }
    if job.output_html:
        with replacing(job.output_html) as path, open(path, "w", encoding="utf-8") as file:
            file.write(report(found))
        outputs["OUTPUT_HTML"] = job.output_html
    return outputs


def look() -> dict[str, str]:
    """Names and values, in the order in which to show them."""
    import psutil

    from .model.backend import tf

    gpus = tf.config.list_physical_devices("GPU")
    answer = float(tf.reduce_sum(tf.linalg.matmul(tf.ones((64, 64)), tf.ones((64, 64)))))  # a broken driver fails here, not in a job
    names = [str(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)) for gpu in gpus]
    return {
        "Python": platform.python_version(),
        **{name: _version(name) for name in _LIBRARIES},
        "tensorflow": tf.__version__,
        "GDAL": _gdal_version(),
        "GPUs": str(len(gpus)),
        "GPU names": ", ".join(names) or "none",
        "Test computation": "passed" if answer == 64.0**3 else f"FAILED: expected {64**3}, received {answer}",
        "Processor cores": str(os.cpu_count() or 1),
        "Memory (GB)": f"{psutil.virtual_memory().total / 1e9:.1f}",
        "Memory free (GB)": f"{psutil.virtual_memory().available / 1e9:.1f}",
        "System": platform.platform(),
    }


def report(found: dict[str, str]) -> str:
    """The findings as one self-contained page."""
    rows = "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in found.items())
    head = f'<meta charset="utf-8"><title>Tensorscape: engine</title><style>{_STYLE}</style>'
    body = f"<h1>The engine of Tensorscape</h1>\n<table>\n{rows}\n</table>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _gdal_version() -> str:
    import rasterio

    return str(rasterio.__gdal_version__)

"""docs/algorithms.md from the algorithms' own help, and the README's picture from the demo: `make docs`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from . import qgis, setup
from .workspace import BUILD, PLUGIN, ROOT, Failure, guarded, run_logged, say, tail

PAGE = ROOT / "docs" / "algorithms.md"
PICTURE = ROOT / "docs" / "images" / "demo.png"
# Small enough for a repository: half the size, 256 colours. Pillow comes with the engine's matplotlib.
SHRINK = """
import sys
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB")
picture.thumbnail((1600, 1600), Image.Resampling.LANCZOS)
picture.quantize(256).save(sys.argv[2], optimize=True)
"""
HEAD = "# The algorithms\n\nWritten by `make docs` from what `qgis_process help` says; edit the algorithms, not this page.\n"


def ask(engine: str, *arguments: str) -> str:
    """What qgis_process prints.

    Raises:
        Failure: it ends with an error.
    """
    command = [qgis.program(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=qgis.environment(qgis.PROFILE, engine))
    if done.returncode:
        raise Failure(f"{' '.join(command)} failed:\n{tail(done.stdout + done.stderr)}")
    return done.stdout


def ask_json(engine: str, *arguments: str) -> dict[str, Any]:
    """The same as JSON, without what a plugin may have printed before."""
    text = ask(engine, "--json", *arguments)
    return dict(json.loads(text[text.index("{") :]))


def description(printed: str) -> str:
    """The help text out of what `qgis_process help` prints: its JSON has none."""
    found = re.search(r"^-+\nDescription\n-+\n(.*?)\n-+\nArguments\n-+$", printed, re.DOTALL | re.MULTILINE)
    return found.group(1).strip() if found else ""


def section(help_: Mapping[str, Any], text: str) -> str:
    """One algorithm as Markdown, from the JSON of its help and its description."""
    details = help_["algorithm_details"]
    lines = [f"\n## {details['name']}\n", f"`{details['id']}` · {details['group']}\n", f"{text}\n"]
    lines += ["| parameter | what | default |", "|---|---|---|"]
    lines += [_parameter(name, given) for name, given in help_["parameters"].items()]
    outputs = [f"`{name}` ({given['description']})" for name, given in help_["outputs"].items()]
    return "\n".join([*lines, "", f"Outputs: {', '.join(outputs)}\n"])


def page(helps: Iterable[tuple[Mapping[str, Any], str]]) -> str:
    """The whole page."""
    return HEAD + "".join(section(help_, text) for help_, text in helps)


def _parameter(name: str, given: Mapping[str, Any]) -> str:
    explained = given.get("raw_definition", {}).get("help")
    what = f"{given['description']}. {explained}" if explained else given["description"]
    default = "" if given.get("default_value") is None else f"`{given['default_value']}`"
    return f"| `{name}` | {what} | {default} |".replace("\n", " ")


def main() -> int:
    """Write the page; take over the picture if the demo left one."""
    engine = setup.engine_python()
    qgis.enable(qgis.PROFILE, engine)
    names = sorted(ask_json(engine, "list")["providers"][PLUGIN]["algorithms"])
    PAGE.parent.mkdir(exist_ok=True)
    helps = [(ask_json(engine, "help", name), description(ask(engine, "help", name))) for name in names]
    PAGE.write_text(page(helps), encoding="utf-8")
    say(f"{PAGE.relative_to(ROOT)}: {len(names)} algorithms")
    picture = BUILD / "demo" / "picture.png"
    if picture.exists():
        PICTURE.parent.mkdir(exist_ok=True)
        run_logged([engine, "-c", SHRINK, str(picture), str(PICTURE)], "docs")
        say(f"{PICTURE.relative_to(ROOT)}: from the demo")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))

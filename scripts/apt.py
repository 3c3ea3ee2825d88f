"""Debian packages: installs the ones that are missing, and says so.

On a system without apt it only looks whether the programs are there, because that is what the packages are for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence

from .workspace import Failure, run_logged, say

LOCK_WAIT_S = 300
LOCK_POLL_S = 5
INSTALL = ("install", "-y", "-q", "--no-install-recommends", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}")


def ensure(packages: Sequence[str]) -> None:
    """Make sure that the packages are installed.

    Raises:
        Failure: no permission, no network, no such package; the message says what to do.
    """
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        return
    missing = [name for name in packages if name not in installed(packages)]
    if not missing:
        return
    say(f"Installing Debian packages: {', '.join(missing)} (with what they need; a few minutes)")
    try:
        _apt(*INSTALL, *missing)
    except Failure:  # the package lists are missing or too old
        _update()
        _apt(*INSTALL, *missing)


def installed(packages: Sequence[str]) -> set[str]:
    """Those of the packages that dpkg knows as installed."""
    command = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\\n", *packages]
    listing = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}


def _update() -> None:
    """Fetch the package lists. apt waits for the lock of dpkg, but not for the one on its lists: another apt may hold it."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return _apt("update", "-q")
        except Failure as failure:
            if "Could not get lock" not in str(failure) or time.monotonic() > deadline:
                raise
        time.sleep(LOCK_POLL_S)


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    keep = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]  # sudo drops the environment
    run_logged([*_as_root(), *keep, "apt-get", *arguments], "apt", environment)


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise Failure("Debian packages are missing, and there is no sudo to install them with. Run this once as root.")
    return ["sudo"]

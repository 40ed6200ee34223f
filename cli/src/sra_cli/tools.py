"""Tools of this machine that some tests need: where they are, and whether they work."""

from __future__ import annotations

import shutil
import subprocess

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PING_SECONDS = 30.0


def find_chromium() -> str | None:
    """Return the path of Chromium or a browser built from it; None if none is installed."""
    return next((path for name in _CHROMIUM_NAMES if (path := shutil.which(name))), None)


def has_container_engine() -> bool:
    """Whether the docker command reaches a container engine and includes compose."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    return all(_succeeds([docker, *words]) for words in (["version"], ["compose", "version"]))


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PING_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

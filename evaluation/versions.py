"""What results depend on besides their parameters: versions.json, which a folder has from its first run on."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("ezprivsecfl", "numpy", "tensorflow-cpu", "tensorflow-federated", "pyyaml")


def write(folder: Path) -> None:
    """Writes versions.json of this machine into a folder."""
    (folder / "versions.json").write_text(json.dumps(versions(), indent=1) + "\n", "utf-8")


def versions() -> dict[str, str]:
    """Of what the results depend on, and the machine."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return {**found, "python": platform.python_version(), "machine": machine()}


def machine() -> str:
    """The processor, how many cores, and how much memory."""
    model = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    for line in lines:
        if line.startswith("model name"):
            model = f"{line.partition(':')[2].strip()} ({model})"
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"

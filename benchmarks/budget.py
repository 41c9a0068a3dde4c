"""Which points of a grid this machine can measure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from measuring import Figures, PointError

START_SECONDS = 30.0
"""What starting processes and loading packages may take on top."""


def available_memory_bytes() -> int:
    """What this machine has to spare."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert found is not None, "/proc/meminfo has no MemAvailable: the benchmarks need Linux"
    return int(found[1]) * 1024


@dataclass
class Budget:
    """Refuses points that would take too long or too much memory.

    A point is expected to cost as much as the largest one measured before, times the ratio of n·d if that is above 1.
    The first is tried in any case; so measure small points first.

    Args:
        seconds: For all rounds of a point.
        memory_bytes: For all of a point's processes together.
    """

    seconds: float
    memory_bytes: float
    _largest: dict[str, tuple[int, float, float]] = field(default_factory=dict)

    def measure(self, run: Callable[[float], Figures], series: str, clients: int, size: int) -> Figures:
        """Measures a point of a series (one computation on one system), if it is affordable.

        Args:
            run: Takes the seconds after which it gives up.
            series: Points are compared with others of their series only.
            clients: n.
            size: d.

        Raises:
            PointError: It is not affordable, or failed: then no larger one is tried, either.
        """
        if series in self._largest:
            volume, seconds, memory = self._largest[series]
            self._check(max(1.0, clients * size / volume), seconds, memory)
        try:
            figures = run(self.seconds + START_SECONDS)
        except PointError as e:
            self._note(series, clients * size, math.inf, math.inf)
            raise PointError(f"failed: {e}") from None
        self._note(series, clients * size, figures.point_seconds, figures.point_memory_bytes)
        return figures

    def _check(self, ratio: float, seconds: float, memory: float) -> None:
        if math.isinf(seconds):
            raise PointError("skipped: a smaller one failed")
        if seconds * ratio > self.seconds:
            raise PointError(f"skipped: about {seconds * ratio / 60:,.0f} minutes, {self.seconds / 60:g} are allowed")
        if memory * ratio > self.memory_bytes:
            raise PointError(
                f"skipped: about {memory * ratio / 1e9:,.0f} GB, {self.memory_bytes / 1e9:.0f} are allowed"
            )

    def _note(self, series: str, volume: int, seconds: float, memory: float) -> None:
        if volume >= self._largest.get(series, (0, 0.0, 0.0))[0]:
            self._largest[series] = (volume, seconds, memory)

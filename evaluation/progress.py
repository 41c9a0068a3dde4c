"""Progress on stderr with the time left, for people only: silent where stderr is no terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SPEED_OVER = 600.0
"""Seconds that the estimate of the time left looks back: a few runs, for rules differ in speed."""


class Bar:
    """All rounds of all runs.

    Args:
        rounds: How many there are.
        show: Whether anything is shown.
    """

    def __init__(self, rounds: int, show: bool) -> None:
        console = Console(stderr=True)
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        self._progress = Progress(
            *columns,
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not (show and console.is_terminal),
            speed_estimate_period=SPEED_OVER,
        )
        self._task = self._progress.add_task("rounds", total=rounds)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def enter(self, what: str, done: int) -> None:
        """A run begins, of which so many rounds were done before."""
        self._progress.update(self._task, description=what)
        self._progress.advance(self._task, done)

    def advance(self) -> None:
        """A round is done."""
        self._progress.advance(self._task)

    def tell(self, what: str) -> None:
        """What the run has come to."""
        self._progress.update(self._task, description=what)

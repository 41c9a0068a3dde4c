"""Progress for people: what is being done, how far it is, and about how long it will still take.

On a terminal it is a line on stderr, in a notebook a part of the cell's output; elsewhere nothing is shown. Nothing is
shown either of what is done within half a second.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextvars import copy_context
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from ezprivsecfl.cells import shell

if TYPE_CHECKING:
    from rich.console import Console

DELAY, TICK = 0.5, 0.25
"""Seconds after which something is shown, and between changes."""

SPEED_OVER = 600.0
"""Seconds that the estimate of the time left looks back: a few runs of an evaluation, for rules differ in speed."""

_shown: list[Bar] = []
"""The bar that is shown, and others in it, which only lend it their text."""


class View(Protocol):
    """Where a bar is shown."""

    def show(self, bar: Bar) -> None:
        """Shows it as it is now."""

    def end(self, bar: Bar) -> None:
        """It is over."""


class Bar:
    """Something that takes a while; a context manager.

    Args:
        what: What is being done.
        total: How many parts it has, or with ``timed`` about how many seconds it takes; None: that is not known.
        timed: Whether its parts are seconds, which pass by themselves.
        show: Whether anything is shown at all.
    """

    def __init__(self, what: str, total: float | None = None, *, timed: bool = False, show: bool = True) -> None:
        self.what = what
        self.total = total
        self._timed = timed
        self._show = show
        self._view = _view() if show else None
        self._outer: Bar | None = None
        self._done = 0.0
        self._started = time.monotonic()
        self._steps: deque[tuple[float, float]] = deque()
        self._over = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Bar:
        self._started = time.monotonic()
        if not self._show:
            return self
        if _shown:
            self._outer, self._view = _shown[-1], None
            self._before = self._outer.what
            self._outer.tell(self.what)
        _shown.append(self)
        if self._view is not None:
            # A copy of the context: by it a kernel knows which cell an output belongs to.
            self._ticker = threading.Thread(target=copy_context().run, args=(self._tick, self._view), daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._ticker is not None:
            self._ticker.join()
        if self._show:
            _shown.remove(self)
        if self._outer is not None:
            self._outer.tell(self._before)

    def advance(self, parts: float = 1) -> None:
        """So many parts are done."""
        self._done += parts
        self._steps.append((time.monotonic(), parts))

    def skip(self, parts: float) -> None:
        """So many parts were done before: how fast that was says nothing of the others."""
        self._done += parts

    def tell(self, what: str) -> None:
        """What is being done now."""
        if self._outer is not None:
            self._outer.tell(what)
        self.what = what

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started

    @property
    def done(self) -> float:
        """How many parts are done."""
        return self.elapsed if self._timed else self._done

    @property
    def left(self) -> float | None:
        """About how many seconds it still takes; None if there is nothing to tell that by."""
        if self.total is None:
            return None
        if self._timed:
            return max(0.0, self.total - self.elapsed) or None
        since = max(self._started, time.monotonic() - SPEED_OVER)
        while self._steps and self._steps[0][0] < since:
            self._steps.popleft()
        recent = sum(parts for _, parts in self._steps)
        return (time.monotonic() - since) / recent * (self.total - self._done) if recent else None

    @property
    def text(self) -> str:
        """How far it is, in words."""
        parts = f"{self.done:g} of {self.total:g}, " if self.total is not None and not self._timed else ""
        left = "" if self.left is None else f", about {seconds_text(self.left)} left"
        return f"{parts}{seconds_text(self.elapsed)}{left}"

    def _tick(self, view: View) -> None:
        shown = False
        while not self._over.wait(TICK if shown else DELAY):
            view.show(self)
            shown = True
        if shown:
            view.end(self)


def progress(what: str, seconds: float | None = None) -> Bar:
    """A bar for something of which nobody knows how far it is, but perhaps how long it takes.

    Args:
        what: What is being done.
        seconds: About how long it takes, if that is known.
    """
    return Bar(what, seconds, timed=True)


def seconds_text(seconds: float) -> str:
    """For people: ``8 s``, ``2:05`` (minutes), ``1:02:05``."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _view() -> View | None:
    """Where there is somebody to look; None if nobody is there."""
    session = shell()
    if getattr(session, "kernel", None) is not None:
        return _InNotebook()
    from rich.console import Console  # not before something is done: wrong options are answered without

    console = Console(stderr=True)
    return _OnTerminal(console) if console.is_terminal else None


class _OnTerminal:
    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}")]
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("", text="")
        self._started = False

    def show(self, bar: Bar) -> None:
        from rich.errors import LiveError

        if not self._started:
            try:
                self._progress.start()
            except LiveError:  # the user's program has a live display of its own on this terminal
                return
            self._started = True
        self._progress.update(self._task, description=bar.what, total=bar.total, completed=bar.done, text=bar.text)

    def end(self, bar: Bar) -> None:
        self._progress.stop()


class _InNotebook:
    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, bar: Bar) -> None:
        value = "" if bar.total is None else f' max="{bar.total:g}" value="{min(bar.done, bar.total):g}"'
        self._put(f"<progress{value}></progress> {escape(bar.what)} ({escape(bar.text)})")

    def end(self, bar: Bar) -> None:
        self._put(f"{escape(bar.what)} ({seconds_text(bar.elapsed)})")

    def _put(self, html: str) -> None:
        from IPython import display

        ipython: Any = display
        shown = ipython.HTML(f'<div style="font:12px system-ui,sans-serif">{html}</div>')
        if self._handle is None:
            self._handle = ipython.display(shown, display_id=True)
        else:
            self._handle.update(shown)

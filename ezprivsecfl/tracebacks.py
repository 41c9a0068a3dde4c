"""Tracebacks of the user's mistakes in a notebook: the user's own lines, without those of libraries."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from types import FrameType, TracebackType

from ezprivsecfl.cells import is_cell, shell

PACKAGE = __name__.partition(".")[0]
SHORT = "Context"
"""IPython's kind of traceback by default, with a few lines of text around each."""

NOTE = "(lines of libraries are left out; `%xmode Plain` and then `%tb` show them)"


def rendered(error: BaseException, *, whole: bool) -> list[str]:
    """What IPython prints for an exception, which says itself what is wrong: not what it was raised from, too.

    Args:
        error: As it was caught.
        whole: Whether libraries' lines are shown, too; where the user has chosen another kind of traceback they are.
    """
    formatter = shell().InteractiveTB
    whole |= formatter.mode != SHORT
    cause, suppressed = error.__cause__, error.__suppress_context__
    try:
        if not whole:
            error.__cause__ = None
        traceback = error.__traceback__ if whole else of_user(error.__traceback__)
        lines: list[str] = formatter.structured_traceback(type(error), error, traceback, tb_offset=0)
    finally:
        error.__cause__, error.__suppress_context__ = cause, suppressed
    return lines if whole else [*lines, NOTE]


def of_user(traceback: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that is in the user's files and cells."""
    if traceback is None:
        return None
    rest, frame = of_user(traceback.tb_next), traceback.tb_frame
    return TracebackType(rest, frame, traceback.tb_lasti, traceback.tb_lineno) if _is_users(frame) else rest


def _is_users(frame: FrameType) -> bool:
    """Whether a frame is of no library: neither of this package, nor installed, nor Python's, nor made up."""
    file, module = frame.f_code.co_filename, str(frame.f_globals.get("__name__", ""))
    if is_cell(file):
        return True
    path = Path(file)
    return (
        module.partition(".")[0] != PACKAGE
        and not file.startswith("<")
        and "__autograph_generated" not in file
        and {"site-packages", "dist-packages"}.isdisjoint(path.parts)
        and Path(sysconfig.get_path("stdlib")) not in path.parents
    )

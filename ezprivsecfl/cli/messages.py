"""What is said to the user on stderr, apart from the program's own output."""

from __future__ import annotations

import sys
import traceback


def say(what: str) -> None:
    """A message of the command's."""
    print(f"ezcompile: {what}", file=sys.stderr)


def print_program_error(error: BaseException) -> None:
    """The user's own traceback, as Python prints it, without our frames."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith("ezprivsecfl"):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames, file=sys.stderr)

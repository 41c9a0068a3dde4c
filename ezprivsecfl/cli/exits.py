"""Exit codes of all commands."""

from __future__ import annotations

DONE = 0
PROGRAM = 1
"""The user's program itself failed."""

COMPILE = 2
"""A program, or what was asked for, cannot be compiled."""

RUN = 3
"""A round failed, or is wrong by ``--check``."""

INTERRUPTED = 130

"""Every error a user of EZPrivSecFL can meet, as a small tree of typed exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ezprivsecfl.cells import place_text, with_cells
from ezprivsecfl.excerpts import excerpt
from ezprivsecfl.tracebacks import rendered


@dataclass(frozen=True)
class Location:
    """A place in the user's program, with the name of the operation there."""

    file: str
    line: int
    op: str = ""

    @property
    def place(self) -> str:
        """The line without the operation, as people call it."""
        return place_text(self.file, self.line)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where} ({self.op})" if self.op else where

    def excerpt(self, indent: str) -> str:
        """The line of the user's program with carets under the operation, each line after a line break and ``indent``.

        Empty if the program's text is not at hand.
        """
        return "".join(f"\n{indent}{line}" for line in excerpt(self.file, self.line, self.op).splitlines())


UNKNOWN = Location("<unknown>", 0)


class EzError(Exception):
    """Base class of all errors of this package.

    Messages name cells of a notebook as it numbers them, and a notebook shows the user's own lines of the traceback.
    """

    is_bug: ClassVar[bool] = False
    """Whether it is a mistake of this package's: then all of its traceback is shown."""

    def __str__(self) -> str:
        return with_cells(super().__str__())

    def _render_traceback_(self) -> list[str]:
        return rendered(self, whole=self.is_bug)


class CompileError(EzError):
    """The program cannot be compiled (exit code 2).

    Args:
        message: What is wrong, what was expected, and what to do.
        locations: The places in the user's program that the message is about.
    """

    def __init__(self, message: str, locations: Sequence[Location] = ()) -> None:
        self.message, self.locations = message, tuple(locations)
        known = [loc for loc in self.locations if loc != UNKNOWN]
        super().__init__(message + "".join(f"\n  at {loc}{loc.excerpt('    ')}" for loc in known))


class TffMissingError(CompileError, ImportError):
    """TensorFlow Federated is not installed; says how to."""


class UnsupportedError(CompileError):
    """The program uses operations, intrinsics or types that are not supported; lists all of them."""


class PrecisionError(CompileError):
    """No fixed-point representation is both wide and precise enough for the declared bounds.

    Args:
        message: As of every ``CompileError``.
        locations: The same.
        widest: Paths of the parameters that make the range as wide as it is, where something has too wide a range.
        missing: How many bits there are too few.
    """

    def __init__(
        self, message: str, locations: Sequence[Location] = (), widest: Sequence[str] = (), missing: int = 0
    ) -> None:
        self.widest, self.missing = tuple(widest), missing
        super().__init__(message, locations)

    def with_advice(self, options: Sequence[str]) -> PrecisionError:
        """The same error, which also says what options would help, each in an imperative."""
        if options:
            advice = ", or ".join(options)
            said = f" {advice[0].upper()}{advice[1:]}."
        else:
            said = (
                " No bound of a parameter and no number of clients was found that makes room." if self.missing else ""
            )
        return PrecisionError(self.message + said, self.locations, self.widest, self.missing)


class LeakageError(CompileError):
    """The program would open a value of a single client."""


class InputError(EzError):
    """An input of a run is not what the program was compiled for (exit code 3)."""


class RunError(EzError):
    """A run on the two servers failed (exit code 3)."""


class DivisionError(RunError):
    """A secret divisor was zero and TensorFlow's result would not be finite.

    Args:
        message: Which operation it was.
        clients: Positions of the clients whose own values are to blame; none if it was a value of all together.
    """

    def __init__(self, message: str, clients: Sequence[int] = ()) -> None:
        self.clients = tuple(clients)
        super().__init__(message)


class IncompleteRound(RunError):  # noqa: N818 - no error of the user's: the round is run anew
    """A program for exactly so many clients has fewer; nothing was opened that depends on those that are left.

    Args:
        dropped: Why others are left out, by client; under None uploads that name no client of the program.
        statistics: What the round took (``runtime.statistics.Statistics``); None if servers were not asked.
    """

    def __init__(self, dropped: Mapping[int | None, str], statistics: Any = None) -> None:
        self.dropped = dict(dropped)
        self.statistics = statistics
        super().__init__(f"{len(self.dropped)} clients are left out")


class DroppedClientWarning(UserWarning):
    """A client was left out of a round; the message says which, and why."""


class ClientWorkWarning(UserWarning):
    """What a program does to a client's value before it draws random numbers for it is left to that client."""


class PrecisionWarning(UserWarning):
    """Values of a round were small for their format: names them, and by how much they may be off."""


class AgreementError(RunError):
    """The two servers differ in what they sent, received or computed: something was altered between them."""


class VerifyError(EzError):
    """The intermediate representation breaks one of its own rules: a bug in a pass or a bad text file."""

    is_bug = True

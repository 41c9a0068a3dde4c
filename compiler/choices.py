"""What options can be chosen from, and what they are by default.

This stands apart from what the choices mean, so that a command line is checked before the compiler is imported.
"""

from __future__ import annotations

from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.widths import SHARE_BITS

SHARE_WIDTHS = (64, 72, SHARE_BITS)
"""Bits of the shares of clients' values, at least."""

PROVED_ENTRIES = 8
"""Up to so many entries of a client's parameter are proved one by one; of more, the L2 norm is."""

DEFAULT_CLIENTS = 100
"""The largest number of clients of a round, unless the user says otherwise."""

FIRST_CLIENTS = 32
"""The same where programs are compiled as they are called, so that rounds of different sizes share one build."""

MIN_CLIENTS = 2
"""The smallest number of clients of a round: the aggregate of one client's value is that value."""

BY_ROUND, FIXED = SCALES = ("declared", "fixed")

EACH, JOINT = NOISE = ("each", "joint")

RELU_DEGREES = (2, 4, 6, 8)
"""Of the minimax polynomials that can replace a ReLU."""

FEWEST_SUMS = 64
"""Sketches have at least so many sums."""

PUBLIC = "public"

WHO = (PUBLIC, *(owner.value for owner in Owner))
"""Who may know a parameter of the server."""

DROP, FAIL = ON_BAD_CLIENT = ("drop", "fail")


def first_clients(clients: int | None, min_clients: int) -> int:
    """The largest number of clients that a program is compiled for when it is called first.

    Args:
        clients: As chosen by the user; None: as many as rounds turn out to have.
        min_clients: The smallest number of clients of a round.
    """
    return max(FIRST_CLIENTS, min_clients) if clients is None else clients

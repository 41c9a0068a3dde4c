"""How the values of options are written: read, or refused, without the compiler, which takes long to import."""

from __future__ import annotations

import math

from ezprivsecfl.compiler.choices import FEWEST_SUMS, RELU_DEGREES, WHO
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.widths import BLOCKS, EXACT

Interval = float | tuple[float, float]
"""A bound as users write it: ``B`` stands for (-B, B), a pair for [lowest, highest)."""


def relu_degree(kind: str) -> int | None:
    """Reads ``exact``, which is None, or ``poly:DEGREE``; raises CompileError for anything else."""
    if kind == "exact":
        return None
    name, _, degree = kind.partition(":")
    if name == "poly" and degree in map(str, RELU_DEGREES):
        return int(degree)
    *others, last = map(str, RELU_DEGREES)
    raise CompileError(f"--relu {kind}: expected exact or poly:DEGREE with DEGREE {', '.join(others)} or {last}")


def sketch_sums(kind: str) -> int | None:
    """Reads ``exact``, which is None, or ``sketch:K``; raises CompileError for anything else."""
    if kind == "exact":
        return None
    name, _, sums = kind.partition(":")
    if name == "sketch" and sums.isascii() and sums.isdigit() and len(sums) < 10:
        count = int(sums)
        if count >= FEWEST_SUMS and count % BLOCKS == 0:
            return count
    raise CompileError(
        f"--norms {kind}: expected exact or sketch:K with a number of sums K from {FEWEST_SUMS} on that is a "
        f"multiple of {BLOCKS}, such as sketch:4096"
    )


def bound(text: str) -> tuple[str, Interval]:
    """Reads ``[PARAMETER=]B`` or ``[PARAMETER=]LO:HI``; raises CompileError for anything else."""
    key, _, interval = text.rpartition("=")
    lowest, colon, highest = interval.rpartition(":")
    try:
        most, least = float(highest), float(lowest) if colon else None
    except ValueError:
        raise CompileError(f"--bound {text}: expected [PARAMETER=]NUMBER or [PARAMETER=]LOWEST:HIGHEST") from None
    try:
        check_bound(most, None if least == -most else least)
    except CompileError as e:
        raise CompileError(f"--bound {text}: {e}") from None
    return key, most if least is None else (least, most)


def check_bound(highest: float, lowest: float | None) -> None:
    """Raises CompileError unless these can be the bounds of entries: see ``Bound``."""
    if not 0 < highest <= EXACT:
        raise CompileError(f"a bound must be positive and at most 2^53, not {highest:g}")
    if lowest is not None and not -highest < lowest < highest:
        raise CompileError(f"the lowest value must be above -{highest:g} and below {highest:g}, not {lowest:g}")


def norm_bound(text: str) -> tuple[str, float]:
    """Reads ``[PARAMETER=]R``; raises CompileError for anything else."""
    key, _, norm = text.rpartition("=")
    return key, positive(norm, f"--norm-bound {text}")


def positive(given: object, what: str) -> float:
    """A norm; raises CompileError if it is no positive number."""
    try:
        norm = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise CompileError(f"{what}: expected [PARAMETER=]NUMBER, a norm, not {given!r}") from None
    if not 0 < norm < math.inf:
        raise CompileError(f"{what}: a norm must be positive and finite, not {norm:g}")
    return norm


def server_input(text: str) -> tuple[str, str]:
    """Reads ``PARAMETER=WHO``; raises CompileError for anything else."""
    key, _, who = text.rpartition("=")
    check_owner(key, who, f"--server-input {text}")
    return key, who


def check_owner(key: str, who: object, what: str) -> None:
    """Raises CompileError unless somebody is named who may know a parameter."""
    if not key or who not in WHO:
        raise CompileError(f"{what}: expected a parameter of the server, and one of {', '.join(WHO)}")

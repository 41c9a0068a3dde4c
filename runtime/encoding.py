"""What may be encoded: nothing is clamped, rounded to zero or wrapped around silently."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError


def check_bound(value: NDArray[Any], bound: float, path: str, lowest: float | None = None) -> None:
    """Raises InputError unless all entries are finite, ``|x| < bound`` and, if that is given, ``x >= lowest``.

    Args:
        value: The values of one parameter.
        bound: The declared bound.
        path: The parameter's name.
        lowest: The declared lowest value, if there is one.
    """
    numbers = np.asarray(value, dtype=np.float64)
    bad = ~(np.abs(numbers) < bound)
    if lowest is not None:
        bad |= numbers < lowest
    if not bad.any():
        return
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    found = float(numbers[index])
    where = f"{path!r}" + (f" at {list(index)}" if index else "")
    if not np.isfinite(found):
        raise InputError(f"{where} is {found}: only finite numbers can be aggregated")
    too_large = abs(found) >= bound
    expected = f"|x| < {bound:g}" if too_large else f"x >= {lowest:g}"
    remedy = "raise the bound" if too_large else "declare a bound without a lowest value"
    proposed = _next_power_of_two(abs(found)) if too_large else bound
    raise InputError(
        f"{where} is {found:g}, but the program was compiled for {expected}. If such values are legitimate, "
        f"{remedy}: --bound {path}={proposed:g} (in Python: bounds={{{path!r}: ...}})"
    )


def check_binary(value: NDArray[Any], path: str, *, one_hot: bool = False) -> None:
    """Raises InputError unless all entries are 0 or 1 and, if it is ``one_hot``, one of each vector is 1.

    Args:
        value: The values of one parameter; vectors lie along the last axis.
        path: The parameter's name.
        one_hot: Whether exactly one entry of every vector must be 1.
    """
    numbers, where = np.asarray(value, dtype=np.float64), repr(path)
    _refuse((numbers != 0) & (numbers != 1), numbers, where, "is {:g}, but its entries must be 0 or 1")
    if one_hot:
        ones = np.sum(numbers, axis=-1)
        _refuse(
            ones != 1,
            ones,
            where,
            "has {:g} entries of 1 along the last axis, but exactly one must be: who chooses nothing needs an entry "
            "for that, or takes no part (or declare it --binary, not --one-hot)",
        )


def _refuse(bad: NDArray[np.bool_], found: NDArray[np.float64], where: str, what: str) -> None:
    """Raises InputError for the first bad place, with what was found there."""
    if np.any(bad):
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f" at {list(index)}" if index else ""
        raise InputError(f"{where}{place} {what.format(found[index])}")


def _next_power_of_two(x: float) -> float:
    return float(2.0 ** (np.floor(np.log2(x)) + 1))

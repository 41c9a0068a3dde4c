"""Parameters of rules that fit no number of clients are refused."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def clients(updates: Any) -> Any:
    """How many rows the updates [n, d] have: an int where it is known, inside TFF a scalar."""
    known = updates.shape[0]
    return tf.shape(updates)[0] if known is None else known


def require(holds: bool, rule: str, expected: str) -> None:
    """Raises ValueError, with the rule's name, unless a parameter is what is expected."""
    if not holds:
        raise ValueError(f"{rule}: expected {expected}")


def require_clients(updates: Any, least: int, rule: str, why: str) -> None:
    """Refuses updates [n, d] of too few clients.

    Raises:
        ValueError: There are fewer than ``least``. Inside TFF, where n is known only when the computation runs, it is
            an assertion that fails then.
    """
    message = f"{rule}: expected at least {least} clients, {why}"
    if updates.shape[0] is None:
        tf.debugging.assert_greater_equal(tf.shape(updates)[0], least, message)
    else:
        require(updates.shape[0] >= least, rule, f"at least {least} clients, {why}; there are {updates.shape[0]}")

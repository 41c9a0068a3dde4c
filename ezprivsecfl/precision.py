"""Where the formats of a program were coarse for the values of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ezprivsecfl.compiler.analyses.integers import integers
from ezprivsecfl.compiler.analyses.leakage import leakage
from ezprivsecfl.compiler.analyses.rounded_inverses import changes, is_array
from ezprivsecfl.compiler.compiled import COARSE, Compiled
from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.io import Constant, Output, Private, Public, Share
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.types import ArithType, MaskedType, RingType


def imprecise(
    compiled: Compiled,
    clients: Mapping[str, Sequence[Any]],
    server: Mapping[str, Any],
    magnitudes: Mapping[str, int],
) -> list[dict[str, Any]]:
    """What was coarse in a round: ``what``, and its ``relative_error`` (1 where nothing is left of a value).

    A client knows its own values and their format, and so does the owner of private inputs of the server; servers know
    what they open: nobody needs to see more than that.

    Args:
        compiled: The program.
        clients: By path of the parameter every client's value.
        server: By path of the parameter the server's value.
        magnitudes: By path of the opened value its largest entry, in units of the last place.
    """
    found = [_coarse_parameter(op, clients[op.path]) for op in _of_any_size(compiled)]
    found += _coarse_private(compiled, server)
    found += _rounded_inverses(compiled, clients, server)
    some = any(np.any(np.asarray(v)) for values in clients.values() for v in values if is_array(v))
    statement = leakage(compiled)
    integer = integers(compiled.optimised)
    whole = {holder for value, holders in compiled.holders.items() if value in integer for holder in holders}
    for op, opened in zip(compiled.secure.of(Output), statement.opened, strict=True):
        (opened_as,) = (o.type for o in op.operands if isinstance(o.type, RingType))
        unit = 2.0**-opened_as.frac
        units = magnitudes[op.path] * unit / max(unit, compiled.lost.results.get(op.path, 0.0))
        empty = 0 in opened_as.shape
        if units < COARSE and (units or some) and not empty and not _is_exact(op, whole):
            found.append({"what": f"result {' and '.join(opened.results)}", "relative_error": 1 / max(units, 1)})
    return [one for one in found if one] + _small_products(compiled)


def _of_any_size(compiled: Compiled) -> list[Share]:
    """The parameters whose values could be small for their format; a unit vector is never."""
    return [op for op in compiled.secure.of(Share) if op.type.frac and op.image is not Image.DIRECTION]


def _coarse_private(compiled: Compiled, server: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What owners share of private inputs, if that is encoded too coarsely."""
    values: dict[str, Any] = {}
    for part in compiled.owned.values():
        values |= run_tensor(part, {op.path: np.asarray(server[op.path]) for op in part.of(Input)}, clients=1)
    found = []
    for op in compiled.secure.of(Private):
        error = _if_coarse(values[op.path], op.type.frac) if op.type.frac else None
        if error is not None:
            found.append({"what": f"what {op.owner.in_words} shares of its own as {op.path}", "relative_error": error})
    return found


def _rounded_inverses(
    compiled: Compiled, clients: Mapping[str, Sequence[Any]], server: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Where a client divides by a part of its values that is small for their format, the worst at each place."""
    worst: dict[str, dict[str, Any]] = {}
    for change in changes(compiled, clients, server):
        whose = "a client's values" if change.client is None else f"the values of client {change.client}"
        what = f"inverses of parts of {whose} at {change.op.location}: parameters are rounded"
        if change.relative * COARSE > 1 and change.relative > worst.get(what, {}).get("relative_error", 0.0):
            worst[what] = {"what": what, "relative_error": min(1.0, change.relative)}
    return list(worst.values())


def _small_products(compiled: Compiled) -> list[dict[str, Any]]:
    """Operations that depend on how small a product is, although it has been truncated."""
    text = "products are rounded to {:.2g}, and smaller ones count as zero"
    small = compiled.lost.small.items()
    return [{"what": f"{where}: {text.format(lost)}", "relative_error": 1.0} for where, lost in small]


def _if_coarse(value: Any, frac: int) -> float | None:
    """The relative error of the largest entry with so many fractional bits, if that is too large; 1 at most."""
    largest, unit = float(np.max(np.abs(np.asarray(value, dtype=np.float64)), initial=0.0)), 2.0**-frac
    return min(1.0, unit / largest) if 0 < largest < COARSE * unit else None


def _coarse_parameter(op: Share, values: Sequence[Any]) -> dict[str, Any] | None:
    """The client whose largest entry is encoded most coarsely, if it is too coarsely."""
    errors = {i: _if_coarse(value, op.type.frac) for i, value in enumerate(values) if is_array(value)}
    coarse = {client: error for client, error in errors.items() if error is not None}
    if not coarse:
        return None
    worst = max(coarse, key=lambda client: coarse[client])
    others = f" (and less of {len(coarse) - 1} more)" if len(coarse) > 1 else ""
    return {"what": f"parameter {op.path} of client {worst}{others}", "relative_error": coarse[worst]}


def _is_exact(output: Output, whole: set[Value]) -> bool:
    """Whether an opened value is made of integers and public numbers only, such as a count."""
    seen, pending = set[Value](), [output.operands[0]]
    while pending:
        value = pending.pop()
        if value in seen or value in whole or isinstance(value.op, Constant | Public):
            continue
        seen.add(value)
        numbers = [o for o in value.op.operands if isinstance(o.type, ArithType | MaskedType | RingType)]
        if not numbers:
            return False  # a client's real number, or one that a circuit has made
        pending += numbers
    return True

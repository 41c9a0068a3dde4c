"""Where the formats of a program were coarse for the values of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ezprivsecfl.compiler.analyses.integers import integers
from ezprivsecfl.compiler.analyses.leakage import leakage
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.ir.mpc.io import Constant, Output, Public, Share
from ezprivsecfl.ir.mpc.protocol import Truncate
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import ArithType, DType, MaskedType, RingType

COARSE = 1 << 10
"""Values whose largest entry is below so many units of the last place are imprecise: a unit is 1e-3 of it."""


def imprecise(
    compiled: Compiled, clients: Mapping[str, Sequence[Any]], magnitudes: Mapping[str, int]
) -> list[dict[str, Any]]:
    """What was coarse in a round: ``what``, and its ``relative_error`` (1 where nothing is left of a value).

    A client knows its own values and their format, servers what they open: nobody needs to see more than that.

    Args:
        compiled: The program.
        clients: By path of the parameter every client's value.
        magnitudes: By path of the opened value its largest entry, in units of the last place.
    """
    found = [_coarse_parameter(op, clients[op.path]) for op in compiled.secure.of(Share) if op.type.frac]
    some = any(np.any(np.asarray(v)) for values in clients.values() for v in values if _is_array(v))
    statement = leakage(compiled)
    integer = integers(compiled.optimised)
    whole = {holder for value, holders in compiled.holders.items() if value in integer for holder in holders}
    for op, opened in zip(compiled.secure.of(Output), statement.opened, strict=True):
        units = magnitudes[op.path]
        if units < COARSE and (units or some) and not _is_exact(op, whole):
            found.append({"what": f"result {' and '.join(opened.results)}", "relative_error": 1 / max(units, 1)})
    return [one for one in found if one] + _lost_signs(compiled)


def _lost_signs(compiled: Compiled) -> list[dict[str, Any]]:
    """Operations that ask on which side of 0 a product is, of which small entries have been rounded to 0.

    Degree 3 and more: products of two are as exact as what is multiplied, and no input other than 0 is encoded as 0.
    """
    found = []
    for op in compiled.optimised.ops:
        rounded = [t for o in _compared_with_zero(op) for h in compiled.holders.get(o, ()) for t in _truncations(h)]
        if rounded:
            unit = 2.0 ** -min(t.result.type.frac for t in rounded)
            what = f"{op.location}: products are rounded to {unit:.2g}, and smaller ones count as zero"
            found.append({"what": what, "relative_error": 1.0})
    return found


def _compared_with_zero(op: Op) -> Sequence[Value]:
    """The real numbers of which an operation's result depends on whether they are 0, or on their sign."""
    if isinstance(op, ew.Cast) and op.dtype is not DType.BOOL:
        return ()
    if isinstance(op, ew.Compare) and not any(constant_value(o) == 0.0 for o in op.operands):
        return ()
    asks = isinstance(op, ew.Cast | ew.Compare | ew.Sign | ew.Floor | ew.Ceil)
    return [o for o in op.operands if asks and tensor_type(o).dtype.is_float and tensor_type(o).is_secret]


def _truncations(holder: Value) -> list[Truncate]:
    """Those that the shares that a value is made of have gone through."""
    found, seen, pending = [], set[Value](), [holder]
    while pending:
        value = pending.pop()
        if value not in seen and isinstance(value.op, Truncate):
            found.append(value.op)
        elif value not in seen:
            pending += [o for o in value.op.operands if isinstance(o.type, ArithType | MaskedType)]
        seen.add(value)
    return found


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def _coarse_parameter(op: Share, values: Sequence[Any]) -> dict[str, Any] | None:
    """The client whose largest entry is encoded most coarsely, if it is too coarsely."""
    unit = 2.0**-op.type.frac
    coarse = {}
    for client, value in enumerate(values):
        largest = float(np.max(np.abs(np.asarray(value, dtype=np.float64)), initial=0.0)) if _is_array(value) else 0.0
        if 0 < largest < COARSE * unit:
            coarse[client] = min(1.0, unit / largest)
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

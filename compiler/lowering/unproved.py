"""What to say of inputs that only have a norm, where something has too wide a range, or none."""

from __future__ import annotations

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Input


def unproved(value: Value) -> str:
    """A sentence about the parameters below a value whose entries and signs nobody proves; empty if there are none."""
    seen: set[Value] = set()
    pending, paths = [value], set()
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            pending += one.op.operands
            if isinstance(one.op, Input) and one.op.norm is not None:
                paths.add(f"{one.op.path} (|x|_2 <= {one.op.norm:.4g})")
    if not paths:
        return ""
    return f" Of {', '.join(sorted(paths))} clients prove the norm, but no bound and no sign of a single entry."

"""How fine inputs can be that are only added up: finer ones would take longer uploads to hide, for nothing."""

from __future__ import annotations

import math

from ezprivsecfl.compiler.analyses.stages import Stages
from ezprivsecfl.compiler.choices import PROVED_ENTRIES
from ezprivsecfl.compiler.lowering.domains import INPUT_BITS, Domains, Strategy
from ezprivsecfl.compiler.lowering.magnitudes import Magnitudes, bits_before_point
from ezprivsecfl.ir.mpc.hiding import significant_bits
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import within_client


def is_only_added_up(value: Value, domains: Domains) -> bool:
    """Whether no circuit takes anything that is computed of a value: there the last places of small entries count."""
    seen, pending = {value}, [value]
    while pending:
        for user in domains.users.get(pending.pop(), ()):
            if domains.strategy[user] in (Strategy.CIRCUIT, Strategy.MOVE):
                return False
            pending += [result for result in user.results if result not in seen]
            seen.update(user.results)
    return True


def most_hidden(value: Value, stages: Stages, magnitudes: Magnitudes, fewest: int) -> int:
    """Fractional bits of an input that shares hide, of as few bits as the useful ones take.

    Args:
        value: The input; clients prove its norm.
        stages: The divided program.
        magnitudes: Of its values.
        fewest: Fractional bits that it has in any case, if any shares hide these.
    """
    inputs = [op for op in stages.program.of(Input) if op.placement is Placement.CLIENTS]
    shared = sum(_with_slack(within_client(op.type.shape)) for op in inputs)
    op, bits = value.op, bits_before_point(magnitudes.typical(value))
    assert isinstance(op, Input)
    assert op.norm is not None
    on_average = op.norm / math.sqrt(within_client(op.type.shape))
    return significant_bits(on_average / 2.0**bits, shared, max(INPUT_BITS, fewest + bits)) - bits


def _with_slack(entries: int) -> int:
    """Entries that are shared of a parameter, at most: with those that go with what is proved of each, or of all."""
    return entries + 8 * min(entries, PROVED_ENTRIES)

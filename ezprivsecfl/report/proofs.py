"""What clients prove to both servers of each parameter, and what both servers take from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.mpc.io import Private, Share
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.types import Dim, DType, shape_text
from ezprivsecfl.runtime.proofs import ProofPlan
from ezprivsecfl.runtime.statistics import size_text


class Proved(Enum):
    """What is proved of a client's entries of a parameter."""

    NORM = "|x|_2 <= "
    ENTRIES = "every entry"
    UNIT = "divided by its norm, |x|_2 = 1"
    CLIPPED = "cut to the program's radius r, |x|_2 <= r"
    CLAIM = "0 or 1, and 1 only if the vector is as long as the radius"
    TRUTH = "0 or 1"
    ONE_HOT = "0 or 1, and exactly one 1 along the last axis"
    NOTHING = "--proofs off"


PROVED = {
    Image.DIRECTION: Proved.UNIT,
    Image.CLIPPED: Proved.CLIPPED,
    Image.BEYOND: Proved.CLAIM,
    Image.REACHES: Proved.CLAIM,
}


@dataclass(frozen=True)
class Proof:
    """What clients prove of one parameter.

    Args:
        path: The parameter.
        shape: Of all clients' values together.
        proved: Of each client's entries.
        norm: That they have at most, together, if it is what is proved.
    """

    path: str
    shape: tuple[Dim, ...]
    proved: Proved
    norm: float | None = None


def proofs_of(compiled: Compiled) -> list[Proof]:
    """Of all parameters that are shared."""
    inputs = {op.path: op for op in compiled.optimised.of(Input)}
    return [
        Proof(op.path, op.type.shape, _proved(compiled, inputs[op.path]), None if op.image else op.norm)
        for op in compiled.secure.of(Share)
    ]


def third_party_proofs(compiled: Compiled) -> list[Proof]:
    """Of all that a third party shares of the server's private inputs."""
    inputs = {op.path: op for op in compiled.optimised.of(Input)}
    return [
        Proof(op.path, op.type.shape, _proved(compiled, inputs[op.path]), op.norm)
        for op in compiled.secure.of(Private)
        if op.owner is Owner.THIRD_PARTY
    ]


def _proved(compiled: Compiled, op: Input) -> Proved:
    if not compiled.options.proofs:
        return Proved.NOTHING
    if op.image is not None:
        return PROVED[op.image]
    if op.type.dtype is DType.BOOL:
        return Proved.ONE_HOT if op.one_hot else Proved.TRUTH
    return Proved.ENTRIES if op.norm is None else Proved.NORM


def proof_statements(
    proofs: Sequence[Proof],
    plan: ProofPlan,
    who: str = "a client",
    otherwise: str = "is named and left out before anything is opened",
) -> list[str]:
    """One statement for each parameter, and what proofs are worth and cost.

    Args:
        proofs: What is proved.
        plan: The same, as it is uploaded and checked.
        who: Who proves it.
        otherwise: What happens if its proof does not hold.
    """
    layout = plan.layout
    size = 8 * layout.entries + layout.high_bytes + layout.proof_bytes
    entries = sum(x.entries for x in plan.limits)
    statements = [f"{one.path} {shape_text(one.shape)}: {_stated(one)}" for one in proofs]
    if plan.has_statements:
        statements.append(
            f"A false statement is accepted with a probability of at most 2^{math.log2(plan.soundness):.1f}; {who} "
            f"whose proof does not hold {otherwise}"
        )
        statements.append(
            "An upload and its proof tell each server no more than a statistical distance of "
            f"2^{math.log2(plan.privacy):.1f}"
        )
    return [
        *statements,
        f"{who[0].upper()}{who[1:]} uploads 16 bytes to server 0 and {size_text(size)} to server 1, "
        f"{size / max(entries, 1):.2f} bytes per entry",
    ]


def _stated(one: Proof) -> str:
    if one.proved is Proved.NOTHING:
        return f"not proved ({one.proved.value})"
    return f"proved: {one.proved.value}{'' if one.norm is None else f'{one.norm:.4g}'}"

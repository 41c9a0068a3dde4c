"""What clients prove to both servers of each parameter, and what both servers take from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.types import Dim, DType, shape_text


class Proved(Enum):
    """What is proved of a client's entries of a parameter."""

    NORM = "|x|_2 <= "
    ENTRIES = "every entry"
    TRUTH = "0 or 1"
    NOTHING = "--proofs off"


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
    inputs = {op.path: op for op in compiled.tensor.of(Input)}
    return [
        Proof(op.path, op.type.shape, _proved(compiled, inputs[op.path]), op.norm) for op in compiled.secure.of(Share)
    ]


def _proved(compiled: Compiled, op: Input) -> Proved:
    if not compiled.options.proofs:
        return Proved.NOTHING
    if op.type.dtype is DType.BOOL:
        return Proved.TRUTH
    return Proved.ENTRIES if op.norm is None else Proved.NORM


def proof_statements(proofs: Sequence[Proof]) -> list[str]:
    """One statement for each parameter."""
    return [f"{one.path} {shape_text(one.shape)}: {_stated(one)}" for one in proofs]


def _stated(one: Proof) -> str:
    if one.proved is Proved.NOTHING:
        return f"not proved ({one.proved.value})"
    return f"proved: {one.proved.value}{'' if one.norm is None else f'{one.norm:.4g}'}"

"""What clients share of a program's inputs, where it takes images of their vectors."""

from __future__ import annotations

from collections.abc import Mapping

from ezprivsecfl.ir.images import Shared, as_shared
from ezprivsecfl.ir.op import Array, Environment, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input


def as_clients_share(program: Program, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The inputs of a rewritten program, of those that the program had before."""

    def public(value: Value) -> Array:
        if isinstance(value.op, Input):
            return inputs[value.op.path]
        return value.op.evaluate([public(o) for o in value.op.operands], Environment(clients=0))[0]

    ops = program.of(Input)
    radii = {op.vector: float(public(op.operands[0])) for op in ops if op.vector is not None and op.operands}
    return as_shared(inputs, [Shared(op.path, op.vector, op.image) for op in ops], radii)

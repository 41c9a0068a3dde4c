"""What the owner of a private input of the server can compute alone, in the clear, and what depends on clients."""

from __future__ import annotations

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.tensor.noise import Noised
from ezprivsecfl.ir.tensor.structure import Clients
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM


def owner_of(value: Value) -> Owner | None:
    """Who can compute a secret value of what it alone knows and of public values; None: nobody.

    An owner shares its values before it is known how many clients take part, so what depends on that is not its own.
    Noise is drawn by both servers.
    """
    found: set[Owner | None] = set()
    seen, pending = {value}, [value]
    while pending:
        one = pending.pop()
        op = one.op
        if isinstance(op, Input) and tensor_type(one).is_secret:
            found.add(op.owner)
        if CLIENTS_DIM in one.type.shape or isinstance(op, Noised | Clients):
            return None
        pending += [o for o in op.operands if o not in seen]
        seen.update(op.operands)
    return found.pop() if len(found) == 1 else None


def of_clients(program: Program) -> set[Value]:
    """The values that depend on any client's."""
    found: set[Value] = set()
    for op in program.ops:
        own = isinstance(op, Input) and op.placement is Placement.CLIENTS
        if not isinstance(op, Output) and (own or not found.isdisjoint(op.operands)):
            found.update(op.results)
    return found

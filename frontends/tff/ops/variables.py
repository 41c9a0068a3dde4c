"""Variables: places that keep a value while a graph is evaluated."""

from __future__ import annotations

from ezprivsecfl.frontends.tff.ops.registry import Call, control
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Leaf, Variable
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew


@control("ReadVariableOp")
def read(call: Call) -> Leaf:
    """The value that the variable has by now."""
    variable = call.leaves[0]
    return variable.read() if isinstance(variable, Variable) else BROKEN


@control("AssignVariableOp")
def assign(call: Call) -> list[Leaf]:
    """Sets the variable."""
    variable, value = call.leaves
    if isinstance(variable, Variable):
        variable.content = value
    return []


@control("AssignAddVariableOp")
def add(call: Call) -> list[Leaf]:
    """Adds to the variable."""
    return _updated(call, ew.Add)


@control("AssignSubVariableOp")
def subtract(call: Call) -> list[Leaf]:
    """Subtracts from the variable."""
    return _updated(call, ew.Sub)


def _updated(call: Call, kind: type[Op]) -> list[Leaf]:
    variable, value = call.leaves
    if isinstance(variable, Variable):
        before = variable.read()
        if isinstance(before, Broken) or isinstance(value, Broken):
            variable.content = BROKEN
        else:
            variable.content = call.emit.elementwise(kind, before, value)
    return []

"""Which values consist of integers: what is not 0 is at least 1 in magnitude then, so that it bounds a quotient.

Integers are closed under sums, differences, products, maxima and selection; truth values, signs and rounded numbers are
integers. So the number of clients that pass a test, or the sum of examples that they counted, is one.
"""

from __future__ import annotations

import numpy as np

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, TensorOp
from ezprivsecfl.ir.tensor.values import tensor_type


def integers(program: Program) -> set[Value]:
    """The values of a tensor program all of whose entries are integers or truth values."""
    found: set[Value] = set()
    for op in program.ops:
        if op.results and _is_integer(op, found):
            found.update(op.results)
    return found


def _is_integer(op: Op, found: set[Value]) -> bool:
    if not tensor_type(op.result).dtype.is_float:
        return True
    if isinstance(op, Constant):
        return bool(np.all(np.isfinite(op.value)) and np.all(op.value == np.rint(op.value)))
    assert isinstance(op, TensorOp)
    return op.integral.given([o in found for o in op.operands])

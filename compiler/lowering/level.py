"""Inputs that are multiplied with the same factor, such as all tensors of the clients' models with their weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ezprivsecfl.compiler.analyses.terms import entries
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Input


def with_common_factor(products: Sequence[Op]) -> Iterator[list[Value]]:
    """Groups of inputs, of which at least one only has a norm: the format of that depends on how long it is.

    With the same fractional bits their products may become one (``JoinProducts``), for which less is sent.

    Args:
        products: Products of two shared values.
    """
    groups: dict[Value, dict[Value, None]] = {}
    for op in products:
        x, y = (entries(operand).value for operand in op.operands)
        for factor, other in ((x, y), (y, x)):
            if isinstance(other.op, Input) and other is not factor:
                groups.setdefault(factor, {})[other] = None
    for group in groups.values():
        if len(group) > 1 and any(isinstance(v.op, Input) and v.op.norm is not None for v in group):
            yield list(group)

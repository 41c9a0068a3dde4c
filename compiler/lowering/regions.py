"""Groups operations that run in circuits into regions: each becomes one circuit, evaluated once per element.

Operations belong together if they have the same shape and the same depth, where depth counts how often a value has
left circuits and come back. Regions of lower depth come first, so all inputs of a region exist when it is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ezprivsecfl.compiler.lowering.domains import Domains, Strategy
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import Shape

MOST_NAMED = 4
"""So many operations are in the name of a region's circuit at most."""


@dataclass
class Region:
    """Circuit operations of one shape and depth, in order."""

    shape: Shape
    depth: int
    ops: list[Op] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it computes: its operations, each once, the first few of them."""
        names = list(dict.fromkeys(op.name for op in self.ops))
        return "_".join([*names[:MOST_NAMED], *(["etc"] if len(names) > MOST_NAMED else [])])


def find_regions(secure: tuple[Op, ...], domains: Domains) -> tuple[list[Region], dict[Op, int]]:
    """The regions in the order they can be evaluated, and the depth of every operation."""
    regions: dict[tuple[int, str], Region] = {}
    depth: dict[Op, int] = {}
    for op in secure:
        in_circuit = domains.strategy[op] is Strategy.CIRCUIT
        shape = op.result.type.shape
        depth[op] = max((_arrival(op, o, depth, domains) for o in op.operands if _secret(o)), default=0)
        if in_circuit:
            region = regions.setdefault((depth[op], str(shape)), Region(shape, depth[op]))
            region.ops.append(op)
    return sorted(regions.values(), key=lambda r: r.depth), depth


def _arrival(op: Op, operand: Value, depth: dict[Op, int], domains: Domains) -> int:
    """Depth at which an operand is available to ``op``."""
    below = depth[operand.op]
    if domains.strategy[op] is not Strategy.CIRCUIT:
        return below
    same_circuit = domains.strategy[operand.op] is Strategy.CIRCUIT and operand.type.shape == op.result.type.shape
    return below if same_circuit else below + 1


def _secret(value: Value) -> bool:
    return tensor_type(value).is_secret

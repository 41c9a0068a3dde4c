"""Which operand of an AND gate comes first.

On Boolean shares, AND gates with the same first operand share oblivious transfers (``duet/evaluate_boolean.h``). So few
wires should come first: a vertex cover of the graph that has wires as its vertices and gates as its edges. A
smallest one is hard to find, but nearly all that can be shared is the condition of a selection, a sign, or a digit of a
factor, which have far more gates than the wires that they meet there.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def with_common_factors(products: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same pairs of wires, turned so that few different ones come first: greedily, those with most gates left."""
    gates: dict[int, set[int]] = {}
    for gate, wires in enumerate(products):
        for wire in wires:
            gates.setdefault(wire, set()).add(gate)
    turned = list(products)
    queue = [(-len(left), wire) for wire, left in gates.items()]
    heapq.heapify(queue)
    while queue:
        count, wire = heapq.heappop(queue)
        left = gates[wire]
        if len(left) < -count:
            heapq.heappush(queue, (-len(left), wire))
            continue
        for gate in left:
            x, y = products[gate]
            other = y if x == wire else x
            turned[gate] = (wire, other)
            gates[other].discard(gate)
        left.clear()
    return turned

"""Programs for Duet as they were compiled, and on servers of a test's own."""

from __future__ import annotations

from ezprivsecfl.backends.duet.backend import Duet, DuetProgram
from ezprivsecfl.backends.duet.description import CostTable, cost
from ezprivsecfl.backends.duet.passes import legal
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.program import Program
from ezprivsecfl.runtime.cluster import Cluster
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.session import TwoServerProgram


def as_compiled(compiled: Compiled) -> DuetProgram:
    """Without Duet's protocol selection: a test says what its program computes, and how."""
    return DuetProgram(compiled, compiled.secure, legal(compiled.secure), Duet())


def on_duet(cluster: Cluster, compiled: Compiled) -> TwoServerProgram:
    """The program, built as it was compiled."""
    return TwoServerProgram(cluster, as_compiled(compiled).build())


def declared_cost(secure: Program, clients: int, compiled: Compiled | None = None) -> CostTable:
    """What the engine's kernels declare for a program on shares; with what clients prove, if it is a compiled one's."""
    if compiled is None:
        return cost(legal(secure), clients)
    known = manifest(compiled, secure, "duet")
    third_party = None if known.third_party is None else plan_of(known.third_party)
    return cost(legal(secure), clients, proofs=plan_of(known), third_party=third_party)

"""Programs on servers of a test's own."""

from __future__ import annotations

from ezprivsecfl.backends import duet
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.runtime.cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram


def on_duet(cluster: LocalCluster, compiled: Compiled) -> TwoServerProgram:
    """The program, built with Duet."""
    return TwoServerProgram(cluster, compiled, duet.build(duet.emit(compiled)), "duet")

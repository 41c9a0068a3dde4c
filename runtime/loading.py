"""Runs a built program from its folder, without the compiler that has made it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.cluster import Cluster
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram


@cache
def default_cluster() -> Cluster:
    """The two servers that all programs of this process share; they start on first use."""
    return LocalCluster()


def load(folder: str | Path, cluster: Cluster | None = None) -> TwoServerProgram:
    """The program that ``ezcompile`` has written into a folder and built there, ready to run::

        program = load("my_program.ez/fltrust")
        program.run({"updates": [first, second, third]}, {"root": root}).outputs["result"]

    It has one format for all rounds, that of the bounds that it was compiled with (as with ``--scale fixed``).

    Args:
        folder: Its folder.
        cluster: Where it runs, by default on two processes on this machine.

    Raises:
        RunError: There is no built program, or it is not the user's own, or a file of it is not what was built, or it
            was built elsewhere: in another place, on another machine, with another engine.
    """
    return TwoServerProgram(cluster or default_cluster(), Artefact.open(Path(folder).absolute()))

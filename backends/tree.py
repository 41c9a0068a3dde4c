"""What every emitted source tree has: manifest, clear parts, circuits."""

from __future__ import annotations

import json
from typing import Any

from ezprivsecfl.backends.cpp import circuit_files
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.circuits import bristol
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.ir.types import RingType

FORMAT = 1
"""Version of the artefact's layout."""


def common_tree(compiled: Compiled, secure: Program) -> dict[str, str]:
    """The files that do not depend on the back end: path to text.

    Args:
        compiled: The program.
        secure: Its secure part as the back end computes it.
    """
    files = circuit_files(secure)
    return {
        "manifest.json": json.dumps(manifest(secure), indent=2) + "\n",
        "prologue.ir": print_program(compiled.prologue),
        "secure.ir": print_program(secure, elide=True),
        "epilogue.ir": print_program(compiled.epilogue),
        **{f"circuits/{files[name]}": bristol.write(c) for name, c in secure.circuits.items()},
    }


def manifest(secure: Program) -> dict[str, Any]:
    """What the runtime must know about a program: its inputs, its outputs, its checks, in the program's order."""
    return {
        "format": FORMAT,
        "name": secure.name,
        "max_clients": secure.max_clients,
        "shares": [
            {
                "path": op.path,
                "shape": list(op.type.shape),
                "frac": op.type.frac,
                "bound": op.bound,
                "lowest": op.lowest,
            }
            for op in secure.of(io.Share)
        ],
        "publics": [
            {
                "path": op.path,
                "shape": list(op.type.shape),
                "frac": op.type.frac,
                "bound": op.bound,
                "location": str(op.location),
            }
            for op in secure.of(io.Public)
        ],
        "outputs": [
            {"path": op.path, "frac": _frac(op), "hidden": op.hidden, "significant": _significant(op)}
            for op in secure.of(io.Output)
        ],
        "checks": [
            {"what": op.what, "location": str(op.location), "per_client": isinstance(op, protocol.CheckClients)}
            for op in secure.of(protocol.Check)
        ],
    }


def _significant(output: io.Output) -> int | None:
    source = output.operands[0].op
    return source.significant if isinstance(source, protocol.Open) else None


def _frac(output: io.Output) -> int:
    (opened,) = output.operands
    assert isinstance(opened.type, RingType)
    return opened.type.frac

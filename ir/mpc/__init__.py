"""The mpc level: ring elements and wires of circuits, each in a protocol domain."""

from ezprivsecfl.ir.mpc import boolean, io, linear, noise, protocol, shares, sketch, structure
from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp, ProtocolOp

KEPT = (io.Share, io.Private, io.Output, protocol.Check)
"""What a program keeps whether or not any operation uses it: what is shared, and what is opened."""

__all__ = [
    "KEPT",
    "LocalOp",
    "MpcOp",
    "ProtocolOp",
    "boolean",
    "io",
    "linear",
    "noise",
    "protocol",
    "shares",
    "sketch",
    "structure",
]

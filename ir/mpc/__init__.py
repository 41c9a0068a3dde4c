"""The mpc level: ring elements and wires of circuits, each in a protocol domain."""

from ezprivsecfl.ir.mpc import boolean, io, linear, noise, protocol, shares, sketch, structure
from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp, ProtocolOp

__all__ = [
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

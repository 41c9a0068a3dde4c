"""The mpc level: ring elements and garbled values, each in a protocol domain."""

from ezprivsecfl.ir.mpc import io, linear, protocol, shares, sketch, structure
from ezprivsecfl.ir.mpc.base import MpcOp

__all__ = ["MpcOp", "io", "linear", "protocol", "shares", "sketch", "structure"]

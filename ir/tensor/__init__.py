"""The tensor level: real-valued operations, with the secrecy of every value in its type."""

from ezprivsecfl.ir.tensor import elementwise, gate, io, noise, ordering, ranks, structure
from ezprivsecfl.ir.tensor.base import TensorOp
from ezprivsecfl.ir.tensor.io import Constant, Input, Output, Placement

__all__ = [
    "Constant",
    "Input",
    "Output",
    "Placement",
    "TensorOp",
    "elementwise",
    "gate",
    "io",
    "noise",
    "ordering",
    "ranks",
    "structure",
]

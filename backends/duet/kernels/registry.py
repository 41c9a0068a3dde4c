"""Finds the kernel of an operation, among all modules of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.duet.kernels.base import Kernel
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc.base import ProtocolOp
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program

for _module in pkgutil.iter_modules([str(Path(__file__).parent)]):
    importlib.import_module(f"{__package__}.{_module.name}")


def kernel_of(program: Program, op: Op) -> Kernel[Any] | None:
    """The kernel that carries out an operation of a program; None if servers compute it by themselves.

    Raises:
        UnsupportedError: The operation needs a protocol, and no kernel has one.
        TypeError: Several kernels take the operation: they must say which of them does.
    """
    if not isinstance(op, ProtocolOp):
        return None
    taking = [kind for kind in Kernel.REGISTRY.values() if kind.takes(op)]
    if not taking:
        raise UnsupportedError(f"Duet has no kernel for {op.name}", [op.location])
    if len(taking) > 1:
        raise TypeError(f"{op.name} is taken by several kernels: {', '.join(kind.name for kind in taking)}")
    return taking[0](op, program)

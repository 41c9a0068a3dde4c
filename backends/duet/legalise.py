"""Chooses between products of masked values and of shares as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ezprivsecfl.backends.duet.declared import DeclaredCost
from ezprivsecfl.backends.duet.groups import connected
from ezprivsecfl.backends.duet.kernels import Kernel, kernel_of
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc import KEPT, protocol, shares
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.types import MaskedType
from ezprivsecfl.runtime import _duet


@dataclass(frozen=True)
class Legalise:
    """Leaves out masks where products of shares as they are send less, or are asked for.

    Masking takes 16 bytes per element online, and then products with the value are prepared ahead. Products of
    shares do without, but all that they send is online, and their only protocol is lattice encryption, which takes
    hundreds of kilobytes however small they are. What hangs together by masked values becomes one or the other: what
    its products' methods say, or else whichever sends less in a round of the largest number of clients. On shares, a
    matrix times its own transpose is a Gram matrix, which sends half as much as a product of two matrices.

    Example::

        program @unmasked (clients <= 4) mpc {
          %0 = share {path = "w", bound = 8.0, type = arith<8>[1, n]}
          %1 = share {path = "x", bound = 8.0, type = arith<8>[n, 3]}
          %2 = mask %0 : masked<8>[1, n]
          %3 = mask %1 : masked<8>[n, 3]
          %4 = product %2, %3 {method = "shares"} : arith<16>[1, 3]
          %5 = open %4 : ring<16>[1, 3]
          output %5 {path = "product"}
        }

    becomes::

        program @unmasked (clients <= 4) mpc {
          %0 = share {path = "w", bound = 8.0, type = arith<8>[1, n]}
          %1 = share {path = "x", bound = 8.0, type = arith<8>[n, 3]}
          %2 = gemm %0, %1 : arith<16>[1, 3]
          %3 = open %2 : ring<16>[1, 3]
          output %3 {path = "product"}
        }

    Raises:
        CompileError: Methods ask for both at once, or for what is not possible.
    """

    level = Level.MPC

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        chosen = set().union(*(group for group in connected(program, MaskedType) if _is_unmasked(program, group)))

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            return _on_shares(b, kernel_of(program, op), op, operands) if op in chosen else None

        # A Gram matrix does not take the transpose.
        return drop_unused(rewrite(program, rule), KEPT)


def _on_shares(b: Rewriter, kernel: Kernel[Any] | None, op: Op, x: tuple[Value, ...]) -> Value | None:
    """An operation on masked values as one on shares."""
    if isinstance(op, protocol.Mask):
        return x[0]
    if kernel is None:
        return None
    assert kernel.on_shares is not None
    operation = kernel.on_shares.operation
    return b.add(operation, x[0]) if operation is shares.Gram else b.add(operation, *x)


def _is_unmasked(program: Program, group: set[Op]) -> bool:
    products = [op for op in group if isinstance(op, protocol.Product | protocol.SquareSum)]
    asking = {op.method: op for op in products if op.method != "auto"}
    clients = program.max_clients or 2
    masked = [kernel for op in group if (kernel := kernel_of(program, op)) is not None]
    unmasked = _costs_on_shares(masked, clients)
    if "shares" not in asking:
        if asking or unmasked is None:
            return False
        return sum(c.total_bytes for c in unmasked) < sum(kernel.cost(clients).total_bytes for kernel in masked)
    place = asking["shares"].location
    if len(asking) > 1:
        other = next(op.location for method, op in asking.items() if method != "shares")
        raise CompileError(f"products at {place} are to be of shares, but those at {other} take the same values masked")
    if unmasked is None:
        raise CompileError(
            f"the product at {place} has nothing to divide between the servers, or is larger than "
            "one lattice key may answer: choose another method"
        )
    return True


def _costs_on_shares(masked: list[Kernel[Any]], clients: int) -> list[DeclaredCost] | None:
    """What the kernels cost that take the place of some on masked values; None if that is not possible."""
    costs = []
    for kernel in masked:
        sizes = kernel.sizes(clients)
        if min(sizes.values()) == 0 or sizes == {"batch": 1, "k": 1}:
            return None  # nothing to compute, or nothing to divide between the servers
        if isinstance(kernel.op, protocol.Mask):
            continue  # shares need none
        if kernel.on_shares is None:
            return None
        costs.append(kernel.on_shares(kernel.op, kernel.program).cost(clients))
    return costs if all(max(c.flooding) <= _duet.FLOODING_BUDGET for c in costs) else None

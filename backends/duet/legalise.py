"""Chooses between products of masked values and of shares as they are."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.backends.duet.groups import connected
from ezprivsecfl.backends.duet.kernels import Kernel, kernel
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.mpc.shares import Gemm, SquareSumOfShares
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.types import MaskedType
from ezprivsecfl.runtime import _duet


@dataclass(frozen=True)
class Legalise:
    """Leaves out masks where products of shares as they are send less, or are asked for.

    Masking takes 16 bytes per element online, and then products with the value are prepared ahead. Products of
    shares do without, but all that they send is online, and their only protocol is lattice encryption, which takes
    hundreds of kilobytes however small they are. What hangs together by masked values becomes one or the other: what
    its products' methods say, or else whichever sends less in a round of the largest number of clients.

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
        return rewrite(program, lambda b, op, operands: _unmasked(b, op, operands) if op in chosen else None)


def _unmasked(b: Rewriter, op: Op, x: tuple[Value, ...]) -> Value | None:
    match op:
        case protocol.Mask():
            return x[0]
        case protocol.Product():
            return b.add(Gemm, *x)
        case protocol.SquareSum():
            return b.add(SquareSumOfShares, *x)
    return None


UNMASKED = {"product": "share_product", "square": "share_square", "mask": None}
"""The kernels of the same operations on shares as they are."""


def _is_unmasked(program: Program, group: set[Op]) -> bool:
    products = [op for op in group if isinstance(op, protocol.Product | protocol.SquareSum)]
    asking = {op.method: op for op in products if op.method != "auto"}
    kernels = [k for k in (kernel(program, op, program.max_clients or 2) for op in group) if k is not None]
    # Nothing to compute, or nothing to divide between the servers.
    possible = not any(min(k.sizes.values()) == 0 or k.sizes == {"batch": 1, "k": 1} for k in kernels)
    possible = possible and all(max(k.flooding()) <= _duet.FLOODING_BUDGET for k in map(_on_shares, kernels) if k)
    if "shares" not in asking:
        return possible and not asking and _is_better_unmasked(kernels)
    place = asking["shares"].location
    if len(asking) > 1:
        other = next(op.location for method, op in asking.items() if method != "shares")
        raise CompileError(f"products at {place} are to be of shares, but those at {other} take the same values masked")
    if not possible:
        raise CompileError(
            f"the product at {place} has nothing to divide between the servers, or is larger than "
            "one lattice key may answer: choose another method"
        )
    return True


def _is_better_unmasked(kernels: list[Kernel]) -> bool:
    unmasked = filter(None, map(_on_shares, kernels))
    return sum(k.total_bytes() for k in unmasked) < sum(k.total_bytes() for k in kernels)


def _on_shares(used: Kernel) -> Kernel | None:
    """What takes a kernel's place on shares as they are."""
    name = UNMASKED[used.name]
    return Kernel(name, used.sizes) if name else None

"""What products of masked values have in common: their masks' products are made in the setup phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.ir.mpc import protocol

AnyProduct = TypeVar("AnyProduct", protocol.Product, protocol.SquareSum)


class MaskedProducts(MemberKernel[AnyProduct]):
    """Online, every server computes its share of the product by itself."""

    @property
    def settings(self) -> Mapping[str, str]:
        """How the products of masks are made."""
        return {"method": self.op.method}

    @property
    def initializer(self) -> str:
        """The method, if it is not left to the engine."""
        return "" if self.op.method == "auto" else f"{{Products::k{self.op.method.capitalize()}}}"

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The masks."""
        return [scope.setup_value(o) for o in self.op.operands]

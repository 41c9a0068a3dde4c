"""Products of masked matrices."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.masked_products import MaskedProducts
from ezprivsecfl.backends.duet.kernels.share_gram import ShareGram
from ezprivsecfl.backends.duet.kernels.share_product import ShareProduct
from ezprivsecfl.backends.duet.kernels.sizes import product_sizes
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.mpc.structure import Transpose
from ezprivsecfl.ir.op import Value


class Product(MaskedProducts[protocol.Product], named="product"):
    """A batch of matrix products."""

    operation = protocol.Product
    member = "product"

    @property
    def on_shares(self) -> type[ShareGram | ShareProduct]:
        """Of a matrix with its own transpose, a Gram matrix, if there is more than a column to divide."""
        left, right = self.op.operands
        is_gram = len(left.type.shape) == 2 and left.type.shape[1] != 1
        return ShareGram if is_gram and _are_transposes(left, right) else ShareProduct

    def sizes(self, clients: int) -> dict[str, int]:
        """The batch and the matrices' axes."""
        return product_sizes(self.op, clients)


def _are_transposes(x: Value, y: Value) -> bool:
    """Whether one matrix is the other's transpose."""
    return any(
        isinstance(a.op, Transpose) and a.op.permutation == (1, 0) and a.op.operands[0] is b
        for a, b in ((x, y), (y, x))
    )

"""Products of masked matrices."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.masked_products import MaskedProducts
from ezprivsecfl.backends.duet.kernels.share_product import ShareProduct
from ezprivsecfl.backends.duet.kernels.sizes import product_sizes
from ezprivsecfl.ir.mpc import protocol


class Product(MaskedProducts[protocol.Product], name="product"):
    """A batch of matrix products."""

    operation = protocol.Product
    on_shares = ShareProduct
    member = "product"

    def sizes(self, clients: int) -> dict[str, int]:
        """The batch and the matrices' axes."""
        return product_sizes(self.op, clients)

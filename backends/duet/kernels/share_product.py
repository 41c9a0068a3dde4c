"""Products of additively shared matrices."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.share_exchange import ShareExchange
from ezprivsecfl.backends.duet.kernels.sizes import product_sizes
from ezprivsecfl.ir.mpc import shares


class ShareProduct(ShareExchange[shares.Gemm], named="share_product"):
    """A batch of matrix products."""

    operation = shares.Gemm
    member = "product"

    def sizes(self, clients: int) -> dict[str, int]:
        """The batch and the matrices' axes."""
        return product_sizes(self.op, clients)

"""Sums of squares of additive shares."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.share_exchange import ShareExchange
from ezprivsecfl.backends.duet.kernels.sizes import square_sizes
from ezprivsecfl.ir.mpc import shares


class ShareSquare(ShareExchange[shares.SquareSumOfShares], named="share_square"):
    """A batch of sums of squares."""

    operation = shares.SquareSumOfShares
    member = "squares"

    def sizes(self, clients: int) -> dict[str, int]:
        """The batch and the axis that is summed over."""
        return square_sizes(self.op, clients)

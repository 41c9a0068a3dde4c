"""Sums of squares of masked values."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.masked_products import MaskedProducts
from ezprivsecfl.backends.duet.kernels.share_square import ShareSquare
from ezprivsecfl.backends.duet.kernels.sizes import square_sizes
from ezprivsecfl.ir.mpc import protocol


class Square(MaskedProducts[protocol.SquareSum], named="square"):
    """A batch of sums of squares."""

    operation = protocol.SquareSum
    member = "squares"

    @property
    def on_shares(self) -> type[ShareSquare]:
        """The same of shares."""
        return ShareSquare

    def sizes(self, clients: int) -> dict[str, int]:
        """The batch and the axis that is summed over."""
        return square_sizes(self.op, clients)

"""Gram matrices of additive shares."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.share_exchange import ShareExchange
from ezprivsecfl.ir.mpc import shares
from ezprivsecfl.ir.types import resolve


class ShareGram(ShareExchange[shares.Gram], named="share_gram"):
    """All inner products of a matrix's rows."""

    operation = shares.Gram
    member = "gram"

    def sizes(self, clients: int) -> dict[str, int]:
        """The rows, and how long they are."""
        n, k = resolve(self.op.operands[0].type.shape, clients)
        return {"n": n, "k": k}

"""Shares that wrap around: values so large that their sum leaves the ring of the shares.

An attack on secure aggregation in Z_2^64: there a sum of values near 2^63 / scale is any number that the attacker
likes. In the clear it is an update of absurd length. Two servers of ours name such a client and drop it: what it sends
is out of the declared range.
"""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class WrapAround(Attack):
    """Malicious clients send alternating entries of +magnitude and -magnitude.

    Args:
        magnitude: In the unit of gradients; with 16 fractional bits 2^47 is half the ring.
    """

    magnitude: float = 2.0**47

    def send(self, view: View) -> Array:
        """See the class."""
        entries = view.own * 0 + self.magnitude
        entries[:, 1::2] *= -1
        return entries

"""The network that is between the two servers."""

from __future__ import annotations

from functools import cache

from ezprivsecfl.backends.network import MEASURED, Network
from ezprivsecfl.runtime.loading import default_cluster
from ezprivsecfl.runtime.session import Link, measure_link


@cache
def measured_network(link: Link | None = None) -> Network:
    """With what is emulated; measured once, on the servers that all programs of this process share."""
    return Network(MEASURED, *measure_link(default_cluster(), link))

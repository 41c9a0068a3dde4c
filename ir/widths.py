"""How many bits clients' shares have unless anybody says otherwise."""

from __future__ import annotations

SHARE_BITS = 80
"""Of a share, unless values are so large that it takes more to hide them."""

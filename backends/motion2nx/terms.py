"""What an emitted program says of itself to whoever runs it alone: who may take part, and what opened counts mean."""

from __future__ import annotations

import re
from typing import Any

from ezprivsecfl.backends.cpp import literal
from ezprivsecfl.ir.mpc.protocol import client_message, division_message
from ezprivsecfl.runtime.manifest import Check, Manifest


def server_terms(manifest: Manifest) -> dict[str, Any]:
    """What the template makes ``ezmotion::Terms`` of."""
    return {"manifest": manifest, "judgements": [_judgement(check) for check in manifest.checks]}


def _judgement(check: Check) -> tuple[str, str]:
    """C++ literals: why one client is left out, if counts are single clients', and why there is no result at all."""
    if check.per_client:
        return literal(client_message(check.what)), literal(division_message(check.what))
    # Sources are the same wherever the user's program was compiled: folders, which may have colons, are left out.
    place = re.sub(r"^.*/(?=[^/]*:\d)", "", check.location)
    return literal(""), literal(division_message(f"{check.what} at {place}"))

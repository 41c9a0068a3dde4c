"""What commands there are."""

from __future__ import annotations

COMMANDS = ("new", "run", "explain", "opt", "doctor", "completion")
"""Each is a module of this package; without one of them ``compile`` is meant."""

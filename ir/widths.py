"""Numbers that the command line is checked against, too: they stand apart from what takes NumPy."""

from __future__ import annotations

SHARE_BITS = 80
"""Of a client's share, unless values are so large that it takes more to hide them, or anybody says otherwise."""

EXACT = float(1 << 53)
"""Up to here every integer is a float64, the number type that values are encoded from."""

BLOCKS = 4
"""Of the sums of a sketch (``ir/mpc/sketch.py``): each entry is added to one sum of every block."""

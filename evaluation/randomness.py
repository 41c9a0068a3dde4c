"""Random numbers of a run: each purpose and round has a stream of its own.

So an attack that draws more numbers changes nobody's batches, and a run goes on after a kill as if it had not been
interrupted, without a generator's state on disk.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str, round_number: int = 0) -> np.random.Generator:
    """The generator for one purpose of one round of the run with this seed."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), round_number])

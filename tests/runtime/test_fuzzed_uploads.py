"""A short run of the fuzz target of uploads, always the same; ``scripts/fuzz`` runs it for longer."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from itertools import islice

from fuzzed_uploads import fuzz


def test_made_up_uploads_are_taken_or_refused():
    counts = Counter[str]()
    tracemalloc.start()
    try:
        for counted in islice(fuzz(seed=0), 1500):
            counts += counted
    finally:
        tracemalloc.stop()
    assert counts["taken"] > 500  # not all are nonsense

"""Counts honest uploads that servers refuse: there must be none.

    uv run python benchmarks/honest_uploads.py [--uploads 1000000]

Small vectors, random and at the ends of what is allowed, of every kind of proof; each upload is made by the engine and
checked by both servers, as in a round.
"""

import argparse
import math
import threading
import time

import numpy as np

from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Manifest, Proof, SharedInput
from ezprivsecfl.runtime.proofs import plan_of, round_id, upload_context
from ezprivsecfl.runtime.sharing import checked
from ezprivsecfl.runtime.upload_store import UploadStore

AT_ONCE = 1000
"""Clients of a round."""

DISTINCT = 100
"""Values of a client: what the proofs are random in is drawn anew for every upload."""

INPUTS = {
    "norm": SharedInput("x", ("n", 12), 20, 8.0, None, Proof.NORM, 8 * math.sqrt(12), None, None),
    "entries": SharedInput("x", ("n", 2), 20, 8.0, 0.0, Proof.ENTRIES, None, None, None),
    "bits": SharedInput("x", ("n", 20), 0, 2.0, None, Proof.BITS, None, None, None),
}


def values_of(manifest, rng):
    """What one client has: something, or as much as it may."""
    (given,) = manifest.shares
    if given.proof is Proof.BITS:
        value = rng.integers(0, 2, given.client_shape) | rng.integers(0, 2)
    else:
        lowest = -given.bound if given.lowest is None else given.lowest
        value = rng.uniform(lowest, given.bound, given.client_shape)
        if rng.integers(4) == 0:
            value = rng.choice([lowest if given.lowest is not None else 0.0, np.nextafter(given.bound, 0)], value.shape)
    return checked(manifest, {given.path: value})


def refused_in_round(layout, values, name):
    """How many uploads of so many clients both servers refuse."""
    contexts = [upload_context(bytes(32), name, client) for client in range(AT_ONCE)]
    uploads = [_duet.prove(layout, values[c % len(values)], context) for c, context in enumerate(contexts)]
    sessions, verdicts = _duet.local_pair(), []
    seeds = [(upload[0], context) for upload, context in zip(uploads, contexts, strict=True)]
    first = threading.Thread(target=lambda: verdicts.append(_duet.check_seeds(sessions[0], layout, seeds)[0]))
    first.start()
    store = UploadStore()
    places = [store.put(upload[1:]) for upload in uploads]
    verdicts.append(_duet.check_masked(sessions[1], layout, store.descriptor, places)[0])
    first.join()
    assert len(verdicts) == 2
    assert verdicts[0] == verdicts[1]
    return verdicts[0].count(False)


def count(kind, uploads):
    """Prints how many of so many uploads are refused."""
    manifest = Manifest("honest", "duet", AT_ONCE, None, 2, True, (INPUTS[kind],), (), (), (), (), 80, ())
    layout, rng, refused, started = plan_of(manifest).layout, np.random.default_rng(0), 0, time.process_time()
    rounds = math.ceil(uploads / AT_ONCE)
    for number in range(rounds):
        values = [values_of(manifest, rng) for _ in range(DISTINCT)]
        refused += refused_in_round(layout, values, round_id(bytes(16), number))
    seconds = time.process_time() - started
    print(f"{kind:8s} {rounds * AT_ONCE} uploads, {refused} refused, {seconds:.0f} s of processor time", flush=True)
    return refused


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=1_000_000)
    total = parser.parse_args().uploads
    shares = {"norm": total // 2, "entries": total // 4, "bits": total // 4}
    raise SystemExit(sum(count(kind, uploads) for kind, uploads in shares.items()) > 0)

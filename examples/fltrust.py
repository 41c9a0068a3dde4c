"""FLTrust, a Byzantine-robust average: some clients try to turn the average around, and fail.

The server trains on a small, clean root data set of its own. A client's update counts as much as its direction agrees
with the root update, and no update is longer than the root update. The rule is a plain TFF computation, and so may be
any other that you write yourself: see aggregators/fltrust.py.

    python examples/fltrust.py                      in the clear, by TFF: the server sees every update
    ezcompile run --check examples/fltrust.py       by two servers, neither of which sees any update
"""

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.aggregators import build_fltrust

CLIENTS, MALICIOUS, PARAMETERS = 30, 9, 3372

fltrust = build_fltrust(tff.TensorType(np.float32, [PARAMETERS]))


def simulated_updates(seed=0):
    """Honest updates scatter around a common direction; malicious ones point the other way, ten times as long."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(0.0, 0.05, PARAMETERS)
    honest = direction + rng.normal(0.0, 0.05, (CLIENTS - MALICIOUS, PARAMETERS))
    malicious = -10 * direction + rng.normal(0.0, 0.05, (MALICIOUS, PARAMETERS))
    root_update = direction + rng.normal(0.0, 0.02, PARAMETERS)
    updates = np.concatenate([honest, malicious]).astype(np.float32)
    return list(updates), root_update.astype(np.float32), honest.mean(axis=0)


if __name__ == "__main__":
    updates, root_update, honest_mean = simulated_updates()
    robust = fltrust(updates, root_update)
    plain = np.mean(updates, axis=0)
    print(f"{CLIENTS} clients, {MALICIOUS} of them malicious, {PARAMETERS} parameters")
    print(f"distance of FLTrust's average to the honest mean:  {np.linalg.norm(robust - honest_mean):.3f}")
    print(f"distance of the plain average to the honest mean:  {np.linalg.norm(plain - honest_mean):.3f}")

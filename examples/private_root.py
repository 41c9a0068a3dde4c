"""FLTrust whose root update no server knows: who has the root data shares it, as clients share their updates.

The rule is that of fltrust.py. There the root update is an input of the server, which both servers know. Here a third
party has it, the owner of a clean data set, say, who trusts neither server with it. It divides it by its length itself,
shares that and the length between the servers, and proves to them that neither is too large.

    python examples/private_root.py                                                  in the clear, by TFF
    ezcompile run --check --server-input root_update=shared examples/private_root.py
                                                  by two servers, neither of which sees any update or the root update
    ezcompile run --check --server-input root_update=server0 examples/private_root.py      server 0 has the root update
"""

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.aggregators import build_fltrust

CLIENTS, MALICIOUS, PARAMETERS, ROUNDS = 30, 9, 3372, 2

fltrust = build_fltrust(tff.TensorType(np.float32, [PARAMETERS]))


def simulated_updates(seed):
    """Honest updates scatter around a common direction, as the root update does; malicious ones point the other way."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(0.0, 0.05, PARAMETERS)
    honest = direction + rng.normal(0.0, 0.05, (CLIENTS - MALICIOUS, PARAMETERS))
    malicious = -10 * direction + rng.normal(0.0, 0.05, (MALICIOUS, PARAMETERS))
    root_update = direction + rng.normal(0.0, 0.02, PARAMETERS)
    updates = np.concatenate([honest, malicious]).astype(np.float32)
    return list(updates), root_update.astype(np.float32), honest.mean(axis=0)


if __name__ == "__main__":
    for number in range(ROUNDS):
        updates, root_update, honest_mean = simulated_updates(seed=number)
        robust = fltrust(updates, root_update)
        ours, plain = (np.linalg.norm(result - honest_mean) for result in (robust, np.mean(updates, axis=0)))
        print(f"round {number}: distance to the honest mean {ours:.3f}, of the plain average {plain:.3f}")

"""Norm clipping: no client's update counts for more than a fixed length.

How many updates were clipped is a measurement that the process returns, so both servers learn that number; which ones
were, they do not.

    ezcompile run --check examples/norm_clipping.py
"""

import numpy as np
import tensorflow_federated as tff

CLIENTS, PARAMETERS, CLIPPING_NORM = 12, 200, 1.0

clipped_mean = tff.aggregators.clipping_factory(
    CLIPPING_NORM, tff.aggregators.UnweightedMeanFactory(), clipped_count_sum_factory=tff.aggregators.SumFactory()
).create(tff.TensorType(np.float32, [PARAMETERS]))

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    updates = rng.normal(0.0, 0.05, (CLIENTS, PARAMETERS))
    updates[:3] *= 20  # three clients try to drown the others
    output = clipped_mean.next(clipped_mean.initialize(), list(updates.astype(np.float32)))
    scales = np.minimum(1.0, CLIPPING_NORM / np.linalg.norm(updates, axis=1, keepdims=True))
    print(f"length of the plain mean:    {np.linalg.norm(updates.mean(axis=0)):.3f}")
    print(f"length of the clipped mean:  {np.linalg.norm(output.result):.3f}")
    print(f"largest difference to numpy: {np.max(np.abs(output.result - (scales * updates).mean(axis=0))):.1e}")
    print(f"measurements: {dict(output.measurements)}")

"""TFF's own aggregators over several rounds: MeanFactory, SumFactory, UnweightedMeanFactory.

An aggregation process has a state that is handed from round to round; nothing changes about how it is used.

    ezcompile run --check examples/mean_factory.py
"""

import numpy as np
import tensorflow_federated as tff

CLIENTS, ROUNDS = 8, 3

VALUE = tff.TensorType(np.float32, [20])
WEIGHT = tff.TensorType(np.float32)

weighted_mean = tff.aggregators.MeanFactory().create(VALUE, WEIGHT)
total = tff.aggregators.SumFactory().create(VALUE)
mean = tff.aggregators.UnweightedMeanFactory().create(VALUE)

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    states = {"weighted mean": weighted_mean.initialize(), "sum": total.initialize(), "mean": mean.initialize()}
    for round_number in range(1, ROUNDS + 1):
        values = list(rng.normal(0.0, 1.0, (CLIENTS, 20)).astype(np.float32))
        weights = [np.float32(w) for w in rng.integers(1, 100, CLIENTS)]
        outputs = {
            "weighted mean": weighted_mean.next(states["weighted mean"], values, weights),
            "sum": total.next(states["sum"], values),
            "mean": mean.next(states["mean"], values),
        }
        expected = {
            "weighted mean": np.average(values, axis=0, weights=weights),
            "sum": np.sum(values, axis=0),
            "mean": np.mean(values, axis=0),
        }
        for name, output in outputs.items():
            states[name] = output.state
            error = np.max(np.abs(output.result - expected[name]))
            print(f"round {round_number}: {name:14s} largest difference to numpy {error:.1e}")

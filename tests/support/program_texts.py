"""Parts of user programs."""

PREAMBLE = """\
import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

VECTOR = tff.TensorType(np.float32, [4])

"""

MEAN = """\
@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def mean(values):
    return tff.federated_mean(values)

"""

RUN = """\
if __name__ == "__main__":
    import sys
    values = [np.arange(4, dtype=np.float32) + i for i in range(3)]
    print("result", mean(values).tolist(), sys.argv[1:])
"""

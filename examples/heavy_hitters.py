"""The most frequent words of many clients, none of whom shows its own.

TFF's heavy hitters: every client sketches its words (an invertible Bloom lookup table), the sketches are summed on
shares, and the server decodes the names of the sum. Names are strings, which nobody can compute on shares, so the
summed sketch is opened for that; `ezcompile examples/heavy_hitters.py --boundary` shows it.

    ezcompile run --check examples/heavy_hitters.py
"""

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

CLIENTS = 8
WORDS = ["privacy", "gradient", "shares", "circuit", "oblivious", "garbler", "wire", "model"]

heavy_hitters = tff.analytics.heavy_hitters.iblt.build_iblt_computation(
    capacity=20, string_max_bytes=12, max_heavy_hitters=3, k_anonymity=2
)

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    odds = np.array([2.0**-i for i in range(len(WORDS))])
    typed = [[str(word) for word in rng.choice(WORDS, 10, p=odds / odds.sum())] for _ in range(CLIENTS)]
    found = heavy_hitters([tf.data.Dataset.from_tensor_slices(words).batch(4) for words in typed])
    for name, clients, count in zip(
        found.heavy_hitters, found.heavy_hitters_unique_counts, found.heavy_hitters_counts, strict=True
    ):
        everywhere = [words.count(name.decode()) for words in typed]
        print(f"{name.decode():12s} {count:3d} times, of {clients} clients  (counted by hand: {sum(everywhere)})")
    print(f"{found.clients} clients; {found.num_not_decoded} words not decoded")

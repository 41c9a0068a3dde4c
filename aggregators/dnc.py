"""Divide-and-Conquer: without the updates that stand out in the direction in which updates vary most.

V. Shejwalkar, A. Houmansadr, "Manipulating the Byzantine: Optimizing Model Poisoning Attacks and Defenses for Federated
Learning", NDSS 2021, Algorithm 2. On a random sample of b coordinates let x_i be the updates less their mean, and v the
top right singular vector of the matrix of all x_i. Those of the n - c·f smallest <x_i, v>^2 are good. The result is the
mean of the updates that are good in every sample.

With G = X X^T and u its top eigenvector, <x_i, v>^2 is the eigenvalue times u_i^2, and u_i^2 is the limit of the
diagonal of G^k / tr(G^k): a few n x n products, whatever b is, and no random start. G follows from the inner products
of the sampled updates as they are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.geometry import centred_products
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_mean


def top_projections(gram: Any, squarings: int) -> Any:
    """Each vector's share in the top principal direction, [n]: the squared entries of the top eigenvector.

    Args:
        gram: Inner products of vectors, [n, n].
        squarings: k of G^(2^k). The share of the next eigenvalue is (lambda_2 / lambda_1)^(2^k).
    """
    n = tf.cast(tf.shape(gram)[0], gram.dtype)
    power = _limited(gram * tf.math.divide_no_nan(1.0, tf.linalg.trace(gram)))
    for _ in range(squarings):
        # Eigenvalues that add up to 1 have squares that add up to something between 1/n and 1.
        power = tf.matmul(power, power)
        power = _limited(power / tf.clip_by_value(tf.linalg.trace(power), 1.0 / n, 1.0))
    return tf.linalg.diag_part(power)


@robust_aggregation
def divide_and_conquer(
    updates: Any,
    *,
    byzantine: int,
    filtered: float = 1.0,
    samples: int = 5,
    coordinates: int = 2000,
    seed: int = 0,
    squarings: int = 5,
) -> Any:
    """The mean of the updates that are good in every sample; see the module.

    Args:
        updates: Of all clients, [n, d].
        byzantine: f, a number of clients.
        filtered: c: floor(c·f) clients are left out in each sample.
        samples: How many there are.
        coordinates: b; of fewer entries, all of them. The default is SAFEFL's largest; for models of 10^5 entries and
            more public implementations (Blades) have 10,000. What the paper has is *unchecked*.
        seed: Chooses the samples; public, and the same in all rounds of a compiled program.
        squarings: See ``top_projections``.

    Returns:
        [d]; zeros if no update is good in all samples. Of equal updates, that one.

    Raises:
        ValueError: f or c is negative, another parameter is not positive, or nobody would be left: n <= floor(c·f).
    """
    rule = "divide_and_conquer"
    require(byzantine >= 0 and filtered >= 0, rule, "byzantine >= 0 and filtered >= 0")
    require(min(samples, coordinates, squarings) > 0, rule, "positive samples, coordinates and squarings")
    dropped = int(filtered * byzantine)
    require_clients(updates, dropped + 1, rule, "filtered·byzantine + 1")
    entries, random = updates.shape[1], np.random.default_rng(seed)
    good = tf.ones_like(updates[:, 0])
    for _ in range(samples if coordinates < entries else 1):
        chosen = np.sort(random.choice(entries, min(coordinates, entries), replace=False))
        sample = tf.gather(updates, chosen, axis=1)
        # Scales do not matter. With this one, numbers are about as large as squared entries, whatever b is.
        products = tf.matmul(sample, sample, transpose_b=True) * 2.0 ** -math.ceil(math.log2(len(chosen)))
        scores = top_projections(centred_products(products), squarings)
        good = good * smallest(scores, clients(updates) - dropped)
    return weighted_mean(updates, good)


def _limited(matrix: Any) -> Any:
    """A matrix without negative eigenvalues, which add up to 1: no entry is beyond 1 then."""
    # A compiler does not know that.
    return tf.clip_by_value(matrix, -1.0, 1.0)

"""The benchmarked aggregations as JAX functions for SPU.

As on Duet, both parties learn the result: opening it is part of the computation. Quotients are taken of vectors of n,
not of d, and sums over clients are matrix products, which SPU computes with fewest bytes. For sums of squares there are
two ways, and which is better depends on the sizes.
"""

import jax
import jax.numpy as jnp
from spu.experimental import reveal

BLOCK = 100


def by_elements(updates):
    """Squared lengths of the rows, as everybody would write them."""
    return jnp.sum(updates * updates, axis=1)


def by_matrices(updates):
    """The same, as diagonals of matrix products: many useless entries, and yet CHEETAH sends several times less."""
    blocks = [updates[i : i + BLOCK] for i in range(0, len(updates), BLOCK)]
    return jnp.concatenate([jnp.diagonal(rows @ rows.T) for rows in blocks])


SQUARES = {"elements": by_elements, "matrices": by_matrices}


def fltrust(squared_lengths, updates, root_update):
    """Trust-weighted average of ``updates`` (n, d), each as long as the public ``root_update`` (d)."""
    inverse = jax.lax.rsqrt(squared_lengths(updates))
    root_norm = jnp.linalg.norm(root_update)
    scores = jnp.maximum(updates @ (root_update / root_norm) * inverse, 0)
    return reveal((scores / jnp.sum(scores) * (inverse * root_norm)) @ updates)


def weighted_mean(squared_lengths, updates, weights):
    """Average of ``updates`` (n, d) with secret ``weights`` (n)."""
    return reveal((weights / jnp.sum(weights)) @ updates)


def norm_clipping(squared_lengths, updates, bound):
    """Mean of ``updates`` (n, d), none longer than the public ``bound``, and how many were longer."""
    squares = squared_lengths(updates)
    longer = squares > bound * bound
    scales = jnp.where(longer, bound * jax.lax.rsqrt(squares), 1.0)
    return reveal((scales / len(updates)) @ updates), reveal(jnp.sum(longer.astype(jnp.int32)))


FORMULAS = {"fltrust": fltrust, "fedavg": weighted_mean, "weighted_mean": weighted_mean, "norm_clipping": norm_clipping}

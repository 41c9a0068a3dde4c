"""How each TensorFlow operation is expressed in the IR; one file per group of operations."""

from ezprivsecfl.frontends.tff.ops import (
    activations,
    arithmetic,
    bits,
    comparisons,
    complex_numbers,
    division,
    flow,
    joining,
    plumbing,
    products,
    reductions,
    shapes,
    slicing,
    variables,
)
from ezprivsecfl.frontends.tff.ops.registry import CONTROL, LOWERINGS, Call

__all__ = [
    "CONTROL",
    "LOWERINGS",
    "Call",
    "activations",
    "arithmetic",
    "bits",
    "comparisons",
    "complex_numbers",
    "division",
    "flow",
    "joining",
    "plumbing",
    "products",
    "reductions",
    "shapes",
    "slicing",
    "variables",
]

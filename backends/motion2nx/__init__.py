"""The MOTION2NX back end: emits C++ for the framework of Braun, Cammarota, Schneider ("A Generic Hybrid 2PC
Framework with Application to Private Inference of Unmodified Neural Networks", 2021)."""

from ezprivsecfl.backends.motion2nx.build import build
from ezprivsecfl.backends.motion2nx.emit import ARITHMETIC, emit, traffic

__all__ = ["ARITHMETIC", "build", "emit", "traffic"]

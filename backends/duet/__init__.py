"""The Duet back end: emits C++ for the embedded engine."""

from ezprivsecfl.backends.duet.build import build
from ezprivsecfl.backends.duet.emit import emit

__all__ = ["build", "emit"]

"""Runs built programs: shares inputs, has the two servers compute, reports what it took.

It knows nothing of the compiler: ``load`` takes the folder of a program that was built before.
"""

from ezprivsecfl.runtime.loading import load

__all__ = ["load"]

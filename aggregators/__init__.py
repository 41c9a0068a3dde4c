"""Robust aggregation rules, written as TFF programs: they import nothing of EZPrivSecFL, and run in plain TFF, too."""

from ezprivsecfl.aggregators.fltrust import build_fltrust

__all__ = ["build_fltrust"]

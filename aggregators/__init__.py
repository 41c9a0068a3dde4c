"""Robust aggregation rules, written as TFF programs: they use nothing of EZPrivSecFL, and run in plain TFF, too."""

from ezprivsecfl.installing import needing_tff

with needing_tff():
    from ezprivsecfl.aggregators.fltrust import build_fltrust
    from ezprivsecfl.aggregators.rule import RobustAggregation, robust_aggregation

__all__ = ["RobustAggregation", "build_fltrust", "robust_aggregation"]

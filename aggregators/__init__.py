"""Robust aggregation rules, written as TFF programs."""

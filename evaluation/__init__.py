"""Data sets, attacks, training and reports."""

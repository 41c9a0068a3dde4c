"""Transformations, one per file."""

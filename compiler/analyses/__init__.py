"""Analyses, one per file: they look and do not change."""

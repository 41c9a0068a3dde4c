"""Shares inputs, runs the two servers, reports what it took."""

"""Passes and analyses, from the tensor level to the mpc level."""

"""Back ends: from mpc IR to programs that run."""

"""The mpc level: ring elements and garbled values, each in a protocol domain."""

"""From the tensor level to the mpc level: protocol assignment, fixed point, garbled regions."""

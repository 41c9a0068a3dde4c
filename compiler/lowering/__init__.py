"""From the tensor level to the mpc level: domain assignment, fixed point, circuits."""

"""Front ends: from a user's program to the tensor level of the IR."""

"""Data sets, how they are divided between clients, and the server's root set."""

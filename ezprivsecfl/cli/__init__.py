"""The command line, ``ezcompile``: one module per command, and what they share."""

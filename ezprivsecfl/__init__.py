"""EZPrivSecFL compiles federated-learning programs to secure two-party computation."""

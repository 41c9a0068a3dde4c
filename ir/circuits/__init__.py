"""Boolean circuits: the builder, Bristol Fashion, plain evaluation, integers and normalised numbers."""

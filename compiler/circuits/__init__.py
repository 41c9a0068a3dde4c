"""Boolean circuits: built from integer words and normalised numbers, written as Bristol Fashion, evaluated in the clear."""

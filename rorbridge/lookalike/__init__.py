"""A stand-in for the ROR API with invented data, for demos and tests without a ROR contract."""

"""The geometry of an autoencoder: Jacobians, their spectra, bounds, tangent planes, orbits, and random matrices."""

"""Data sets, corruptions, autoencoders and their training, weights on the disk, and a user's own models."""

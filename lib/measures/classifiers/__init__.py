"""Measures of a point of a classifier: a file each, found by `lib.measures.protocol.every`."""

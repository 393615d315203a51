"""Measures of a point: a file each, found by `lib.measures.protocol.every`."""

"""Errors, files, digests, documents, and whatever is read from a user: what every other room stands on."""

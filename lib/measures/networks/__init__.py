"""Measures of a network: a file each, found by `lib.measures.protocol.every`. The larger, the larger the gap expected."""

"""The book's figures, tables and sentences: one file per page, named after it. Nothing here computes a result."""

"""A statement as files: each is a face of the same report."""

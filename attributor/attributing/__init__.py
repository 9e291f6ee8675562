"""Attributing: from collected days to published days."""

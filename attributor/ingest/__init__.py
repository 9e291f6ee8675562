"""Ingest: from a source's reading to the lake, whole or not at all."""

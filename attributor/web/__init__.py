"""Web: pages, the same reports as JSON, and the ingest API."""

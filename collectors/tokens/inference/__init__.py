"""Inference servers of your own: their token counters, from Prometheus."""

"""Prometheus metrics of the daemon itself and of what teams cost."""

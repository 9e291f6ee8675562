"""Backtests: what the detectors would have told, given only what was known then."""

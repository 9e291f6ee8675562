"""Detectors: pure functions of what they are given, now included."""

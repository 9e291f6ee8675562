"""Estimating: usage priced into charges until the bill of its day is complete."""

"""Costs by window, step and group, as OpenCost's allocations are asked for."""

"""The lake: Delta tables of charges, usage and allocations, replaced by the day."""

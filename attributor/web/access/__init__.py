"""Who asks, what they may see and do, and what of it is kept."""

"""Usage: drivers from files."""

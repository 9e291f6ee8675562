"""Collectors: a provider and a window in, Arrow tables of charges or usage out."""

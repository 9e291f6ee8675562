"""Suggesting rules for what no rule claims."""

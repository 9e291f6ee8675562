"""A copy of what reports are made of, in columns and in memory: it answers the questions of pages many times faster."""

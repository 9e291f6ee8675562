"""What a rule set says of single days, so that a changed one is held against it day by day."""

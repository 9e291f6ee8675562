"""A made-up AI company, with incidents planted."""

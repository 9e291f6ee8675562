"""Rules: charges, usage and a rule set in, allocations out; spend and a budget in, a status out."""

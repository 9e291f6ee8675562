"""How a cost finds its owners: each method turns measurements into integer weights."""

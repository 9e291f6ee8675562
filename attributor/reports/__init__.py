"""Reports: one frozen dataclass each, filled by one function from the ledger."""

"""The ledger: SQL tables that publish days and keep the daemon's state."""

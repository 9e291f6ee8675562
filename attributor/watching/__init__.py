"""Watching: from the ledger to detectors to the alert path."""

"""The composition root: from the configuration to wired objects. Nothing else constructs."""

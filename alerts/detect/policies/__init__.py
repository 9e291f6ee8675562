"""Policy rules: plain limits that a user turns on, beside what the detectors find by themselves."""

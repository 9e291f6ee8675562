"""Configuration: one YAML file, all its problems at once."""

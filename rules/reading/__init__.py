"""From YAML to a checked rule set: every mistake a value with its file, line and fix."""

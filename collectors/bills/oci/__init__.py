"""Bills of Oracle Cloud Infrastructure: its own cost reports."""

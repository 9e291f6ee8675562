"""Where statements go: each place takes files, or says why not."""

"""Model calls that Langfuse traced, from its export files."""

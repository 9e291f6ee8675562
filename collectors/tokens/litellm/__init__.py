"""What a LiteLLM proxy wrote of its calls into its own PostgreSQL."""

"""Push: usage events that others send us, durable before they are accepted."""

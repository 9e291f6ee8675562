"""The stages between findings and the outbox: each takes the batch and returns it one step further on."""

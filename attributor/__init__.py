"""Attributor: one daemon that gives every cent of cloud, GPU and LLM spend an owner."""

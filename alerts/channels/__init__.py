"""Channels: deliver one message each, or say why not and whether trying again can help."""

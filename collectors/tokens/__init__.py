"""Sources of usage that model providers count: tokens, requests and what else they charge by."""

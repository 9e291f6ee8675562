"""Values: text as a provider wrote it in, exact Arrow values and the faults found out."""

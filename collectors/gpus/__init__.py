"""GPUs: utilisation and hours held."""

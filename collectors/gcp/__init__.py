"""Google Cloud's interfaces, asked through Google's own clients: who asks, errors, the catalog of prices."""

"""Bills: charges from cloud and service providers."""

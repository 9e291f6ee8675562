"""Bills of Azure: Cost Management exports."""

"""OpenCost and Kubecost: what namespaces cost, and what they used."""

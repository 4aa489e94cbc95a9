"""What analysts do with incidents: filter, decide, look further, carry away."""

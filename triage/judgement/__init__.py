"""What is normal, what belongs together, what comes first: baseline, correlation, urgency."""

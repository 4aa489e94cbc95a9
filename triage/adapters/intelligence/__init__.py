"""Sources of threat intelligence, and the local copy of what they say."""

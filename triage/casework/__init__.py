"""The work on one candidate: which questions to ask, what the answers mean, what to do about it."""

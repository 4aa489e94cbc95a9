"""The nodes of the run graph, one per file, named after their verbs."""

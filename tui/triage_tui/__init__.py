"""The terminal front end: the only package that may import textual; it works through ``triage.session``."""

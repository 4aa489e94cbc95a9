"""Threat intelligence: what others know to be bad, read from their formats and compared with what was seen here.

Nothing in this package asks anybody: sources are read by ``triage.adapters.intelligence`` on request only.
"""

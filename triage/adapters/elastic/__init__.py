"""Elasticsearch 8.19 and 9.x: pulls alerts, answers questions about them, and keeps our own incident index.

Nothing here needs ``GET /``, data streams, scripts or ingest pipelines. Alert indices are only ever read.
"""

"""Carrying out a step of a response plan: proposed, shown as a dry run, approved by a person, done once, recorded.

Kept without imports, so that the log can be read without loading the graph.
"""

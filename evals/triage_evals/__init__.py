"""Measures the program against labelled alerts. Truth is read here and only here, never by the pipeline."""

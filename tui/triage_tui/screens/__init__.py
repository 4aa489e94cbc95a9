"""Screens: the queue, one incident, and the small dialogs."""

"""What stays of a run: incidents with ids that last, one outcome per alert, and how both came about."""

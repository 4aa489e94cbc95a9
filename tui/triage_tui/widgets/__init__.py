"""Widgets: each renders state it is given and tells its screen in typed messages what was done."""

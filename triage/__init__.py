"""The autonomous analyst: alerts in, a few ranked and explained incidents out."""

__version__ = "0.1.0"

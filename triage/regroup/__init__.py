"""Regrouping: an analyst's wishes about what belongs together, and what would come of them."""

"""One module per vendor's shape of alert."""

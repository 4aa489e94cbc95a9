"""One module per product: each writes alert documents in that product's own shape, and knows no scenario."""

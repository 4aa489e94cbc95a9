"""Text that attackers may have written: cleaned, looked through, gated, and claims held to their evidence."""

"""How fast, and in how much memory: ratios measured side by side in one run (see README.md)."""

"""Super-resolution: networks that make pixels finer, the pairs that they learn from, and their training."""

"""What a training tells: of its pairs, while it runs, and in its report."""

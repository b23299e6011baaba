"""What delivery promises: nothing lost, nothing doubled, in order."""

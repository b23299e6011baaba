"""What the worker's pools, bells and sweep promise."""

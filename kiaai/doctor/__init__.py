"""The doctor: is everything well, and if not, what to do."""

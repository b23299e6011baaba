"""The nouns that all rooms share: one file a table."""

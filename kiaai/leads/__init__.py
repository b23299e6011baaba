"""The people who wrote: list, status, history, import."""

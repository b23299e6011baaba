"""The shared inbox: list, thread, composer and lead panel."""

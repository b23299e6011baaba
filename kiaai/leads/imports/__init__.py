"""Leads and talks brought in from files: read, shown beforehand, done by a worker, and taken back."""

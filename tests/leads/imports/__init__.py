"""Imports of leads and talks."""

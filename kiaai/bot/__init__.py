"""The program that answers first, and its manners."""

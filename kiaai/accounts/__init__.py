"""Sign-in, people and API keys."""

"""The endpoint that Meta calls: verify, store, answer."""

"""The database and the broker that come along, and the supervisor that keeps all processes running."""

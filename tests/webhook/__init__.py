"""What the webhook promises."""

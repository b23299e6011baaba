"""A WhatsApp that runs on this machine, for trying everything without Meta."""

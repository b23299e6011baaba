"""The real processes, broken on purpose, and a ledger checker that looks at what is left."""

"""The world of Meta: Graph client, error table, signatures and webhook bodies. Knows no tables."""

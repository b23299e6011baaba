"""The world of Meta: the Graph API client, the error table, signatures and webhook bodies. Knows no tables."""

"""Measurements that anyone can repeat: ratios within one run, on loopback, everything started here."""

"""Promises for all orders of events, tried with orders that hypothesis thinks up."""

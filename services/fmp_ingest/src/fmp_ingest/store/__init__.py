"""Rows and events in the tables, with their history and rejects."""

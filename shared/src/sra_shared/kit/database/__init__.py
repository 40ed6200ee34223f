"""Connections, addresses and roles of the database, and what is built on them: locks, messages, the cache."""

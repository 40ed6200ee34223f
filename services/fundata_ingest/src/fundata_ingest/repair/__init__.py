"""Replay of rejected records, re-derived columns and keys."""

"""Seed trees: where they come from, their plan, and their load."""

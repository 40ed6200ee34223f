"""Alerts: what is in trouble, told once when it begins and once when it ends."""

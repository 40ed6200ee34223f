"""Alerts: each problem is reported once when it begins and once when it ends."""

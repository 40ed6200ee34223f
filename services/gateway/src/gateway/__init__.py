"""Coordinates the unified refresh, fires its schedule and shows how everything stands; see docs/gateway.md."""

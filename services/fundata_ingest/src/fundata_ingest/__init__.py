"""See the README next to this package."""

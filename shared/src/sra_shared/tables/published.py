"""Tables of published."""

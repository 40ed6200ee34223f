"""Tables of fundata."""

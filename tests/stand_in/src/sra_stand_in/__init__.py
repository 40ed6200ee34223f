"""A local stand-in for the APIs of both vendors; never deployed."""

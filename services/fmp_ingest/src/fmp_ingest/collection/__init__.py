"""What a run requests, and one dataset as a unit of it."""

"""From text records to typed records and their versions."""

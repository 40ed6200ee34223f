"""From the bytes of files and responses to text records."""

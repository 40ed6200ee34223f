"""The tables and their migrations, and what maintains them; nothing that serves or executes runs imports it."""

"""From typed records to rows: chunks, look-ups, commits, and the ledger of files."""

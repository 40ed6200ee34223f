"""What every process needs, whatever it does: settings, logs, errors, the database, HTTP, retries."""

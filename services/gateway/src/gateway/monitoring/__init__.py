"""The known state of the system: probe, health checks, metrics."""

"""One call to the vendor: request, bounded body, record, cache, circuit breaker."""

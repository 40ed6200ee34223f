"""Coordinates the unified refresh, runs its schedule and shows the state of the system; see docs/gateway.md."""

# must precede httpx, which gateway.app imports: it keeps optional extras of libraries out of the process
import sra_shared as sra_shared

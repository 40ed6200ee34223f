"""Coordinates the unified refresh, fires its schedule and shows how everything stands; see docs/gateway.md."""

# before httpx, which gateway.app imports: it keeps the extras of libraries out of the process
import sra_shared as sra_shared

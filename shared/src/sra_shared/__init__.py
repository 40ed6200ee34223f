"""Database, runs, service contract and view models that the SRA Data services share."""

from sra_shared.kit.extras import block_unused_extras as _leave_out_extras

_leave_out_extras()

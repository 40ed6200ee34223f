"""The tables as SQLAlchemy metadata, one module per owner; importing this package collects them all.

Every table and every column has a comment, and every table names its writers: docs/tables.md is generated from them.
"""

from sra_shared.schema.tables.metadata import metadata as metadata

from sra_shared.schema.tables import ops as ops  # isort: skip
from sra_shared.schema.tables import deliveries as deliveries  # isort: skip
from sra_shared.schema.tables import gateway as gateway  # isort: skip
from sra_shared.schema.tables import declared as declared  # isort: skip
from sra_shared.schema.tables import fmp as fmp  # isort: skip
from sra_shared.schema.tables import fmp_fundamentals as fmp_fundamentals  # isort: skip
from sra_shared.schema.tables import fmp_history as fmp_history  # isort: skip
from sra_shared.schema.tables import fmp_lists as fmp_lists  # isort: skip
from sra_shared.schema.tables import fmp_state as fmp_state  # isort: skip
from sra_shared.schema.tables import fundata as fundata  # isort: skip
from sra_shared.schema.tables import lake as lake  # isort: skip
from sra_shared.schema.tables import maintained as maintained  # isort: skip
from sra_shared.schema.tables import published as published  # isort: skip

"""The published views of schema `sra` as Pydantic models, a module for each page or subject; Pydantic is all they need.

`sra_contract.equity_page.EquityPage` is the model of `sra.equity_page`, and so on: its fields are the columns, with types, units
and descriptions. `sra_contract.quantities` is the dictionary of the columns. `sra_contract.reader` and
`sra_contract.frames` read them, with the extras of these names.
"""

from sra_contract.base import CONTRACT_VERSION, ViewModel

__all__ = ["CONTRACT_VERSION", "ViewModel"]

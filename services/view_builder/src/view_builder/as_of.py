"""The functions of schema sra that return past states: by what was known, and by what was public, at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sra_contract.base import ViewModel, list_columns
from view_builder.compile import LAST_RUN_COLUMN, quote_name
from view_builder.spec import SqlFunction
from view_builder.sql_files import read_mart

MODES = ("strict", "reported")

_CHECK_MOMENT = """IF at IS NULL THEN
  RAISE EXCEPTION 'The argument at is NULL.'
    USING ERRCODE = 'null_value_not_allowed', HINT = 'Give the moment of the state, such as now().';
END IF;"""
_CHECK_MODE = f"""IF mode IS NULL OR mode NOT IN ({", ".join(f"'{mode}'" for mode in MODES)}) THEN
  RAISE EXCEPTION 'There is no mode %. Modes: {", ".join(MODES)}.', coalesce(quote_literal(mode), 'NULL')
    USING ERRCODE = 'invalid_parameter_value',
      HINT = 'strict: known to us and public at that moment. reported: public at that moment, whenever we stored it.';
END IF;"""
_CHECK_SYMBOLS = """IF symbols IS NULL THEN
  RAISE EXCEPTION 'The argument symbols is NULL.'
    USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the listings, such as ARRAY[''AAPL''].';
END IF;"""


def make_fundata_as_of(history: str, description: str) -> SqlFunction:
    """Return the function over a view of all versions of Fundata records."""
    return SqlFunction(
        name=history.replace("_history", "_as_of"),
        arguments="valid_on date, known_at timestamp with time zone",
        argument_types="date, timestamp with time zone",
        result=f"SETOF sra.{history}",
        body=read_mart(history)["as_of"],
        description=description,
    )


def make_mode_as_of(model: type[ViewModel], description: str) -> SqlFunction:
    """Return the function that computes a view's rows from the statements of a past state, by moment and mode."""
    declared = {**_list_types(model, LAST_RUN_COLUMN), "is_backfilled": "boolean"}
    typed = [f"q.{name}::{sql_type}" for name, sql_type in _list_types(model, LAST_RUN_COLUMN).items()]
    return SqlFunction(
        name=f"{model.relation()}_as_of",
        arguments="at timestamp with time zone, mode text, symbols text[] DEFAULT NULL",
        argument_types="timestamp with time zone, text, text[]",
        result=_declare(declared),
        body=_select([*typed, "coalesce(q.known_at > at, false)"], model),
        description=description,
        checks=f"{_CHECK_MOMENT}\n{_CHECK_MODE}",
    )


def make_known_as_of(model: type[ViewModel], description: str) -> SqlFunction:
    """Return the function that computes a view's rows from what was stored at a moment, for some symbols."""
    # for events, one column says when they were stored or when they ended, so it is meaningless in a past state
    declared = _list_types(model, "as_of", LAST_RUN_COLUMN)
    return SqlFunction(
        name=f"{model.relation()}_as_of",
        arguments="at timestamp with time zone, symbols text[]",
        argument_types="timestamp with time zone, text[]",
        result=_declare(declared),
        body=_select([f"q.{name}::{sql_type}" for name, sql_type in declared.items()], model),
        description=description,
        checks=f"{_CHECK_MOMENT}\n{_CHECK_SYMBOLS}",
    )


def _list_types(model: type[ViewModel], *left_out: str) -> Mapping[str, str]:
    """Return the types of a view's columns by name, without those that only a build knows."""
    return {column.name: column.sql_type for column in list_columns(model) if column.name not in left_out}


def _declare(types: Mapping[str, str]) -> str:
    return f"TABLE ({', '.join(f'{quote_name(name)} {sql_type}' for name, sql_type in types.items())})"


def _select(values: Sequence[str], model: type[ViewModel]) -> str:
    """Return the selection of values of a past state, whose rows are `q`."""
    listed = ",\n  ".join(values)
    return f"SELECT\n  {listed}\nFROM (\n{read_mart(model.relation())['as_of']}\n) q"

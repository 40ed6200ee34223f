"""Quantities of events, listings, and explanations of gaps in the data."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

_MOMENT = "timestamp with time zone"
_GIVEN = "as the vendor gives it"
_RATE = "quote_currency for one of base_currency"

EVENTS: Mapping[str, Quantity] = {
    "ordinal": Quantity("bigint", "Place among the rows of one security and day, from 1.", unit="place"),
    "amount": Quantity("numeric", "Payment per share, with all delivered digits.", unit="currency of the row"),
    "vendor_adjusted_amount": Quantity(
        "numeric", "Payment per share adjusted for later splits, vendor's.", unit="currency of the row"
    ),
    "vendor_payment_yield": Quantity(
        "numeric", "Yield at the vendor's price; it follows the price until the ex-date.", unit="fraction"
    ),
    "frequency": Quantity("text", "Type of the payment in the vendor's words, such as Quarterly or Special."),
    "is_special": Quantity("boolean", "Whether the payment is special, by the vendor's frequency."),
    "declaration_date": Quantity("date", "Day of the declaration."),
    "record_date": Quantity("date", "Day on which the holders of the share are determined."),
    "payment_date": Quantity("date", "Day of the payment."),
    "withdrawn_at": Quantity(
        _MOMENT, "When the vendor stopped delivering the row in this state, in UTC; NULL while it delivers it."
    ),
    "dividend_income": Quantity("numeric", "Part of the distribution from dividends.", unit="currency of the row"),
    "foreign_dividend_income": Quantity(
        "numeric", "Part of the distribution from foreign dividends.", unit="currency of the row"
    ),
    "capital_gains": Quantity("numeric", "Part of the distribution from capital gains.", unit="currency of the row"),
    "interest_income": Quantity("numeric", "Part of the distribution from interest.", unit="currency of the row"),
    "return_of_capital": Quantity(
        "numeric", "Part of the distribution that returns capital.", unit="currency of the row"
    ),
    "version": Quantity("integer", "Version of the record, from 1."),
    "record_state": Quantity(
        "text", "State of the record in the vendor's words; NULL and Active mean that it is current."
    ),
    "report_date": Quantity("date", "Day of the report, past or expected."),
    "eps_actual": Quantity("numeric", "Reported earnings per share; NULL before the report.", unit=_GIVEN),
    "eps_estimated": Quantity("numeric", "Estimated earnings per share.", unit=_GIVEN),
    "eps_surprise": Quantity(
        "numeric", "Reported figure less the estimate.", unit=_GIVEN, formula="eps_actual - eps_estimated"
    ),
    "eps_surprise_ratio": Quantity(
        "numeric",
        "Surprise of the earnings per share, to six decimals; NULL if the estimate is zero.",
        unit="fraction",
        formula="eps_surprise / |eps_estimated|",
    ),
    "revenue_actual": Quantity("numeric", "Reported revenue; NULL before the report.", unit=_GIVEN),
    "revenue_estimated": Quantity("numeric", "Estimated revenue.", unit=_GIVEN),
    "revenue_surprise": Quantity(
        "numeric", "Reported figure less the estimate.", unit=_GIVEN, formula="revenue_actual - revenue_estimated"
    ),
    "revenue_surprise_ratio": Quantity(
        "numeric",
        "Surprise of the revenue, to six decimals; NULL if the estimate is zero.",
        unit="fraction",
        formula="revenue_surprise / |revenue_estimated|",
    ),
    "event": Quantity("text", "What happened: rename, delisting, or move to another exchange."),
    "new_symbol": Quantity("text", "Symbol after a rename."),
    "new_exchange": Quantity("text", "Exchange after a move."),
    "pair": Quantity("text", "Pair of currencies: USDCAD is Canadian dollars for one US dollar."),
    "base_currency": Quantity("text", "First currency of the pair; the rate is the price of one unit."),
    "quote_currency": Quantity("text", "Second currency of the pair, in which the rate is expressed."),
    "exchange_rate": Quantity("numeric", "Last rate of the day.", unit=_RATE),
    "exchange_rate_open": Quantity("numeric", "First rate of the day.", unit=_RATE),
    "exchange_rate_high": Quantity("numeric", "Highest rate of the day.", unit=_RATE),
    "exchange_rate_low": Quantity("numeric", "Lowest rate of the day.", unit=_RATE),
    "close_at": Quantity(_MOMENT, "When the session closes, in UTC."),
    "task_type": Quantity("text", "Type of the run's task."),
    "run_status": Quantity("text", "Status of the run; queued, running and parked runs have not ended."),
    "scheduled_at": Quantity(_MOMENT, "When the run was due, in UTC."),
    "started_at": Quantity(_MOMENT, "When the run started, in UTC."),
    "completed_at": Quantity(_MOMENT, "When the run ended, whatever its status, in UTC."),
    "unit_count": Quantity("bigint", "Number of units of the dataset in the run.", unit="units"),
    "completed_unit_count": Quantity("bigint", "Number of units that completed, or had nothing to do.", unit="units"),
    "read_count": Quantity("bigint", "Number of records read: the sum of the next four counts.", unit="records"),
    "stored_count": Quantity("bigint", "Number of records stored.", unit="records"),
    "unchanged_count": Quantity("bigint", "Number of records that were already stored.", unit="records"),
    "duplicate_count": Quantity(
        "bigint", "Number of records that repeat another one in the same delivery.", unit="records"
    ),
    "rejected_count": Quantity("bigint", "Number of records rejected.", unit="records"),
    "run_error": Quantity("text", "Error of the dataset; NULL if there was none."),
    "reject_id": Quantity("bigint", "Number of the reject."),
    "record_key": Quantity("text", "Symbol or key of a record without a line."),
    "file_path": Quantity("text", "File or export of Fundata, or path of the FMP endpoint."),
    "line": Quantity("bigint", "Line on which the record starts; the header is 1."),
    "reject_reason": Quantity("text", "Error code, such as bad_price."),
    "reject_detail": Quantity("text", "Reason as a sentence."),
    "delivered_at": Quantity(_MOMENT, "When the vendor delivered the row, in UTC."),
    "last_seen_at": Quantity(_MOMENT, "When the row was last delivered, in UTC."),
    "seen_count": Quantity("bigint", "Number of deliveries that contained the row.", unit="deliveries"),
    "resolved_at": Quantity(_MOMENT, "When a replay stored the row, in UTC."),
    "resolution": Quantity("text", "How the reject was resolved, such as replayed."),
    "dismissed_at": Quantity(_MOMENT, "When a person dismissed the reject, in UTC."),
    "dismissal": Quantity("text", "Why the reject was dismissed."),
    "first_run_id": Quantity("uuid", "The run that first read the row."),
    "fundserv_code": Quantity("text", "Code under which dealers order the series at Fundserv."),
    "load_type": Quantity("text", "Type of load, in the vendor's words."),
    "sales_status": Quantity("text", "Whether the series is sold under the code, in the vendor's words."),
    "max_load": Quantity("numeric", "Highest load.", unit="fraction"),
    "change_date": Quantity("date", "Day of the record's last change, vendor's."),
    "entry": Quantity("bigint", "Number of the entry of the symbol on the exchange, from 1."),
    "is_etf": Quantity("boolean", "Whether the vendor lists it as an ETF."),
    "is_fund": Quantity("boolean", "Whether the vendor lists it as a fund."),
    "is_actively_trading": Quantity("boolean", "Whether it is actively traded, vendor's."),
    "evidence": Quantity(
        "text", "Source of the entry: a list of the universe, or a delisting that the vendor reports."
    ),
    "listed_from": Quantity("date", "First day of the entry; NULL if the vendor states none."),
    "listed_until": Quantity(
        "date", "First day on which the listing or this state of it had ended; NULL while it lasts."
    ),
}

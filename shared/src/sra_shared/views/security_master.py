"""Every security that we know, of both vendors."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.fragments import is_english, is_french, is_latest_data

_QUERY = f"""
SELECT s.source, s.identifier, coalesce(f.name_en, f.name_fr, f.name_other) AS name, f.name_en, f.name_fr, 'fund' AS type,
  NULL::text AS exchange, f.currency, f.family_name AS family, f.company, NULL::text AS sector, NULL::text AS industry,
  NULL::text AS country, i.isin, f.inception_date, true AS is_active, greatest(f.as_of, i.as_of) AS as_of
FROM scope s CROSS JOIN LATERAL (
  SELECT
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE {is_english("d")} AND d.legal_name IS NOT NULL))[1] AS name_en,
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE {is_french("d")} AND d.legal_name IS NOT NULL))[1] AS name_fr,
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.legal_name IS NOT NULL))[1] AS name_other,
    (array_agg(d.currency ORDER BY NOT coalesce({is_english("d")}, false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.currency IS NOT NULL))[1] AS currency,
    (array_agg(d.family_name ORDER BY NOT coalesce({is_english("d")}, false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.family_name IS NOT NULL))[1] AS family_name,
    (array_agg(d.company ORDER BY NOT coalesce({is_english("d")}, false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.company IS NOT NULL))[1] AS company,
    (array_agg(d.inception_date ORDER BY NOT coalesce({is_english("d")}, false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.inception_date IS NOT NULL))[1] AS inception_date,
    max(d.processed_at) AS as_of
  FROM public.fundata_data d
  WHERE s.source = 'fundata' AND d.identifier = s.identifier AND d.dataset = 'FundGeneral' AND {is_latest_data("d")}
  HAVING count(*) > 0
) f
LEFT JOIN LATERAL (
  SELECT min(d.identifier_value) AS isin, max(d.processed_at) AS as_of FROM public.fundata_data d
  WHERE d.identifier = s.identifier AND d.dataset = 'InstrumentIdentifier' AND upper(d.identifier_type) = 'ISIN'
    AND {is_latest_data("d")}
) i ON true
UNION ALL
SELECT s.source, s.identifier, coalesce(p.company_name, u.company_name), coalesce(p.company_name, u.company_name), NULL,
  CASE WHEN coalesce(u.is_etf, p.is_etf) THEN 'etf' WHEN u.is_fund THEN 'fund' ELSE 'equity' END,
  coalesce(u.exchange, p.exchange), p.currency, NULL, coalesce(p.company_name, u.company_name),
  coalesce(p.sector, u.sector), coalesce(p.industry, u.industry), coalesce(p.country, u.country),
  coalesce(nullif(i.isin, ''), nullif(p.raw_json ->> 'isin', '')), i.inception_date,
  coalesce(u.valid_to IS NULL AND coalesce(u.is_actively_trading, true), p.is_actively_trading, false),
  greatest(p.updated_at, u.updated_at, i.updated_at)
FROM scope s
LEFT JOIN LATERAL (
  SELECT * FROM public.fmp_universe u WHERE u.symbol = s.identifier
  ORDER BY u.valid_to IS NOT NULL, u.valid_to DESC, u.row_id DESC LIMIT 1
) u ON true
LEFT JOIN LATERAL (
  SELECT * FROM public.equity_profile p WHERE p.symbol = s.identifier
  ORDER BY p.exchange IS DISTINCT FROM u.exchange, p.updated_at DESC, p.exchange LIMIT 1
) p ON true
LEFT JOIN public.fmp_etf_info i ON i.symbol = s.identifier
WHERE s.source = 'fmp' AND (u.symbol IS NOT NULL OR p.symbol IS NOT NULL)
"""  # noqa: S608 - fragments of this package

_ALL_SCOPES = """
SELECT 'fundata' AS source, identifier FROM public.fundata_data WHERE dataset = 'FundGeneral'
UNION SELECT 'fmp', symbol FROM public.fmp_universe
UNION SELECT 'fmp', symbol FROM public.equity_profile
"""
CHANGED_FUNDS = """
SELECT 'fundata' AS source, identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset = 'FundGeneral'
"""
_CHANGED_IDENTIFIERS = """
SELECT 'fundata' AS source, identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset = 'InstrumentIdentifier'
"""
# what a run no longer names it closes, and a closed row keeps the run that wrote it: the time of closing tells
CHANGED_LISTINGS = """
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp'
"""
_CHANGED_ETFS = (
    "SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_etf_info WHERE run_id = ANY($1::uuid[])"
)
CHANGED_PROFILES = (
    "SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[])"
)


class SecurityMaster(ViewModel):
    """One row per security: equities and ETFs by symbol, funds by Fundata's InstrumentKey.

    A fund's name is the English one, else the French one, else that of a record in neither; both are kept. A listing that
    left the universe stays, inactive.
    """

    source: Literal["fundata", "fmp"] = Field(description="Vendor, which also tells the space of the identifier.")
    identifier: str = Field(description="InstrumentKey of a fund, symbol of a listing.")
    name: str | None = Field(description="Name to show: English, else French, else in whatever language there is.")
    name_en: str | None = Field(description="English name.")
    name_fr: str | None = Field(description="French name.")
    type: Literal["equity", "etf", "fund"] = Field(description="Kind of security.")
    exchange: str | None = Field(description="Exchange of the listing; none for a Fundata fund.")
    currency: str | None = Field(description="Currency of its prices, as the vendor gives it.")
    family: str | None = Field(description="Fund family.")
    company: str | None = Field(description="Company, or manager of the fund.")
    sector: str | None = Field(description="Sector.")
    industry: str | None = Field(description="Industry.")
    country: str | None = Field(description="Country of the issuer, ISO 3166 alpha-2 as a rule.")
    isin: str | None = Field(description="ISIN, vendor's.")
    inception_date: date | None = Field(description="First day of the fund or ETF.")
    is_active: bool = Field(description="Whether it is in the present universe, or the fund's record is active.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="security_master",
        key=("source", "identifier"),
        query=_QUERY,
        sources=(
            Source("fundata_data", "fundata", ("FundGeneral", "InstrumentIdentifier")),
            Source("fmp_universe", "fmp", ("universe",)),
            Source("equity_profile", "fmp", ("profile",)),
            Source("fmp_etf_info", "fmp", ("etf_info",)),
        ),
        keyed=Keyed(
            scope=("source", "identifier"),
            all_scopes=_ALL_SCOPES,
            changed_scopes=(CHANGED_FUNDS, _CHANGED_IDENTIFIERS, CHANGED_LISTINGS, CHANGED_PROFILES, _CHANGED_ETFS),
            indexes=(
                "(identifier)",
                "(isin)",
                "(lower(name) text_pattern_ops)",
                "USING gin (to_tsvector('simple', coalesce(name_en, '') || ' ' || coalesce(name_fr, '')))",
            ),
        ),
    )

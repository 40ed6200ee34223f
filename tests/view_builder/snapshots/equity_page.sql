-- equity_page, digest 1919674159fc96bcf5c08804f75e18cd;

CREATE OR REPLACE VIEW sra.equity_page AS
SELECT
  q.symbol::text,
  q.name::text,
  q.exchange::text,
  q.sector::text,
  q.industry::text,
  q.currency::text,
  q.price::numeric,
  q.price_date::date,
  q.change::numeric,
  q.change_percentage::numeric,
  q.market_cap::numeric,
  q.performance_basis::text,
  q.performance_date::date,
  q.performance_1w::numeric,
  q.performance_1m::numeric,
  q.performance_3m::numeric,
  q.performance_6m::numeric,
  q.performance_ytd::numeric,
  q.performance_1y::numeric,
  q.performance_3y::numeric,
  q.performance_5y::numeric,
  q.valuation_basis::text,
  q.pe_ratio::numeric,
  q.price_to_book_ratio::numeric,
  q.price_to_sales_ratio::numeric,
  q.ev_to_ebitda::numeric,
  q.dividend_yield::numeric,
  q.reported_currency::text,
  q.fundamentals_basis::text,
  q.fundamentals_date::date,
  q.revenue_ttm::numeric,
  q.net_income_ttm::numeric,
  q.eps_diluted_ttm::numeric,
  q.free_cash_flow_ttm::numeric,
  q.revenue_growth::numeric,
  q.net_income_growth::numeric,
  q.eps_growth::numeric,
  q.gross_margin::numeric,
  q.operating_margin::numeric,
  q.net_margin::numeric,
  q.return_on_equity::numeric,
  q.return_on_assets::numeric,
  q.debt_to_equity_ratio::numeric,
  q.net_debt_to_ebitda::numeric,
  q.current_ratio::numeric,
  q.altman_z_score::numeric,
  q.piotroski_score::numeric,
  q.open::numeric,
  q.day_low::numeric,
  q.day_high::numeric,
  q.previous_close::numeric,
  q.year_low::numeric,
  q.year_high::numeric,
  q.price_avg50::numeric,
  q.price_avg200::numeric,
  q.volume::numeric,
  q.quoted_at::timestamp with time zone,
  q.price_return_1w::numeric,
  q.price_return_1m::numeric,
  q.price_return_3m::numeric,
  q.price_return_6m::numeric,
  q.price_return_ytd::numeric,
  q.price_return_1y::numeric,
  q.price_return_3y::numeric,
  q.price_return_5y::numeric,
  q.beta::numeric,
  q.dividend_ttm::numeric,
  q.enterprise_value::numeric,
  q.free_cash_flow_yield::numeric,
  q.gross_profit_ttm::numeric,
  q.operating_income_ttm::numeric,
  q.ebitda_ttm::numeric,
  q.eps_ttm::numeric,
  q.operating_cash_flow_ttm::numeric,
  q.capital_expenditure_ttm::numeric,
  q.total_assets::numeric,
  q.total_liabilities::numeric,
  q.total_stockholders_equity::numeric,
  q.cash_and_short_term_investments::numeric,
  q.total_debt::numeric,
  q.net_debt::numeric,
  q.ebitda_margin::numeric,
  q.free_cash_flow_margin::numeric,
  q.financial_leverage_ratio::numeric,
  q.interest_coverage_ratio::numeric,
  q.quarterly_revenue_growth::numeric,
  q.quarterly_earnings_growth::numeric,
  q.free_cash_flow_growth::numeric,
  q.growth_fiscal_year::integer,
  q.quarters::jsonb,
  q.next_earnings_date::date,
  q.next_eps_estimated::numeric,
  q.type::text,
  q.is_active::boolean,
  q.country::text,
  q.isin::text,
  q.ceo::text,
  q.website::text,
  q.description::text,
  q.employees::numeric,
  q.ipo_date::date,
  q.peer_symbols::jsonb,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid,
  q.peers::jsonb,
  q.average_volume::numeric,
  q.cusip::text,
  q.cik::text,
  q.address::text,
  q.city::text,
  q.state::text,
  q.postal_code::text,
  q.phone::text,
  q.image::text
FROM (
SELECT m.symbol, m.name, m.exchange, m.sector, m.industry, m.currency, m.price, m.price_date, m.change, m.change_percentage, m.market_cap, m.performance_basis, m.performance_date, m.performance_1w, m.performance_1m, m.performance_3m, m.performance_6m, m.performance_ytd, m.performance_1y, m.performance_3y, m.performance_5y, m.valuation_basis, m.pe_ratio, m.price_to_book_ratio, m.price_to_sales_ratio, m.ev_to_ebitda, m.dividend_yield, m.reported_currency, m.fundamentals_basis, m.fundamentals_date, m.revenue_ttm, m.net_income_ttm, m.eps_diluted_ttm, m.free_cash_flow_ttm, m.revenue_growth, m.net_income_growth, m.eps_growth, m.gross_margin, m.operating_margin, m.net_margin, m.return_on_equity, m.return_on_assets, m.debt_to_equity_ratio, m.net_debt_to_ebitda, m.current_ratio, m.altman_z_score, m.piotroski_score, m.open, m.day_low, m.day_high, m.previous_close, m.year_low, m.year_high, m.price_avg50, m.price_avg200, m.volume, m.quoted_at, m.price_return_1w, m.price_return_1m, m.price_return_3m, m.price_return_6m, m.price_return_ytd, m.price_return_1y, m.price_return_3y, m.price_return_5y, m.beta, m.dividend_ttm, m.enterprise_value, m.free_cash_flow_yield, m.gross_profit_ttm, m.operating_income_ttm, m.ebitda_ttm, m.eps_ttm, m.operating_cash_flow_ttm, m.capital_expenditure_ttm, m.total_assets, m.total_liabilities, m.total_stockholders_equity, m.cash_and_short_term_investments, m.total_debt, m.net_debt, m.ebitda_margin, m.free_cash_flow_margin, m.financial_leverage_ratio, m.interest_coverage_ratio, m.quarterly_revenue_growth, m.quarterly_earnings_growth, m.free_cash_flow_growth, m.growth_fiscal_year, m.quarters, m.next_earnings_date, m.next_eps_estimated, m.type, m.is_active, m.country, m.isin, m.ceo, m.website, m.description, m.employees, m.ipo_date, m.peer_symbols, m.average_volume, m.cusip, m.cik, m.address, m.city, m.state, m.postal_code, m.phone, m.image, coalesce(r.items, '[]') AS peers,
              greatest(m.as_of, r.as_of) AS as_of,
              CASE WHEN r.as_of > m.as_of THEN r.run_id ELSE m.last_run_id END AS last_run_id
            FROM sra.equity_metrics m
            LEFT JOIN LATERAL (
              SELECT jsonb_agg(x.figures ORDER BY x.place) AS items, max(x.as_of) AS as_of,
                (array_agg(x.last_run_id ORDER BY x.as_of DESC, x.place))[1] AS run_id
              FROM (
                SELECT a.place, p.as_of, p.last_run_id, jsonb_build_object('symbol', p.symbol, 'name', p.name, 'exchange', p.exchange, 'sector', p.sector, 'industry', p.industry, 'currency', p.currency, 'price', p.price, 'price_date', p.price_date, 'change', p.change, 'change_percentage', p.change_percentage, 'market_cap', p.market_cap, 'performance_basis', p.performance_basis, 'performance_date', p.performance_date, 'performance_1w', p.performance_1w, 'performance_1m', p.performance_1m, 'performance_3m', p.performance_3m, 'performance_6m', p.performance_6m, 'performance_ytd', p.performance_ytd, 'performance_1y', p.performance_1y, 'performance_3y', p.performance_3y, 'performance_5y', p.performance_5y, 'valuation_basis', p.valuation_basis, 'pe_ratio', p.pe_ratio, 'price_to_book_ratio', p.price_to_book_ratio, 'price_to_sales_ratio', p.price_to_sales_ratio, 'ev_to_ebitda', p.ev_to_ebitda, 'dividend_yield', p.dividend_yield, 'reported_currency', p.reported_currency, 'fundamentals_basis', p.fundamentals_basis, 'fundamentals_date', p.fundamentals_date, 'revenue_ttm', p.revenue_ttm, 'net_income_ttm', p.net_income_ttm, 'eps_diluted_ttm', p.eps_diluted_ttm, 'free_cash_flow_ttm', p.free_cash_flow_ttm, 'revenue_growth', p.revenue_growth, 'net_income_growth', p.net_income_growth, 'eps_growth', p.eps_growth, 'gross_margin', p.gross_margin, 'operating_margin', p.operating_margin, 'net_margin', p.net_margin, 'return_on_equity', p.return_on_equity, 'return_on_assets', p.return_on_assets, 'debt_to_equity_ratio', p.debt_to_equity_ratio, 'net_debt_to_ebitda', p.net_debt_to_ebitda, 'current_ratio', p.current_ratio, 'altman_z_score', p.altman_z_score, 'piotroski_score', p.piotroski_score) AS figures
                FROM jsonb_array_elements_text(m.peer_symbols) WITH ORDINALITY a (symbol, place)
                JOIN sra.equity_metrics p ON p.symbol = a.symbol
                ORDER BY a.place LIMIT 6
              ) x
            ) r ON true
) q;

COMMENT ON VIEW sra.equity_page IS 'One row per listed equity: all of equity_metrics, and six peers with the same figures. Figures and formulas are those of equity_metrics, of which this is a view: a page and its peers always agree, and what changes at a peer shows at once. peers are the first six of the vendor''s that are listed equities here, as a JSON list; each amount is in the currency that stands beside it there. as_of and last_run_id are those of the newest of the seven rows. Source: specification, section 5.';

COMMENT ON COLUMN sra.equity_page.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.equity_page.name IS 'Company.';

COMMENT ON COLUMN sra.equity_page.exchange IS 'Exchange.';

COMMENT ON COLUMN sra.equity_page.sector IS 'Sector.';

COMMENT ON COLUMN sra.equity_page.industry IS 'Industry.';

COMMENT ON COLUMN sra.equity_page.currency IS 'Currency of the listing: of price, dividends and market capitalisation.';

COMMENT ON COLUMN sra.equity_page.price IS 'Newest price: the last quote, or the last close where that is of a later day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.price_date IS 'Day of the price, in New York.';

COMMENT ON COLUMN sra.equity_page.change IS 'Change since the close before, vendor''s; none where price is a close. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.change_percentage IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.equity_page.market_cap IS 'Market capitalisation, vendor''s: of the newest quote, else of the profile. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.performance_basis IS 'What performance_* are: with dividends reinvested where they are known, else the change of the price.';

COMMENT ON COLUMN sra.equity_page.performance_date IS 'Day of the newest close, at which every performance ends.';

COMMENT ON COLUMN sra.equity_page.performance_1w IS 'Performance over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_1m IS 'Performance over one month. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_3m IS 'Performance over three months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_6m IS 'Performance over six months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_ytd IS 'Performance since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_1y IS 'Performance over one year. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_3y IS 'Performance over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_page.performance_5y IS 'Performance over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_page.valuation_basis IS 'Whether the valuation ratios are computed (price and statements in one currency) or the vendor''s.';

COMMENT ON COLUMN sra.equity_page.pe_ratio IS 'Price / eps_diluted_ttm; none where earnings are not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.price_to_book_ratio IS 'market_cap / stockholders'' equity; none where that is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.price_to_sales_ratio IS 'market_cap / revenue_ttm. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.ev_to_ebitda IS 'enterprise_value / ebitda_ttm; none where EBITDA is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.dividend_yield IS 'dividend_ttm / price. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.reported_currency IS 'Currency of the statements.';

COMMENT ON COLUMN sra.equity_page.fundamentals_basis IS 'What *_ttm are: the sum of the four newest quarters or, where these are not whole, the newest fiscal year.';

COMMENT ON COLUMN sra.equity_page.fundamentals_date IS 'Last day of those twelve months, and day of the balance sheet.';

COMMENT ON COLUMN sra.equity_page.revenue_ttm IS 'Revenue of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.net_income_ttm IS 'Net income of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.eps_diluted_ttm IS 'Diluted earnings per share of twelve months, in today''s shares. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.free_cash_flow_ttm IS 'Operating cash flow less capital expenditure of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.revenue_growth IS 'Revenue of the newest fiscal year against the year before, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.net_income_growth IS 'Net income likewise, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.eps_growth IS 'Diluted earnings per share likewise, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.gross_margin IS 'Gross profit / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.operating_margin IS 'Operating income / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.net_margin IS 'Net income / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.return_on_equity IS 'net_income_ttm / stockholders'' equity; none where that is not above zero. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.return_on_assets IS 'net_income_ttm / total assets. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.debt_to_equity_ratio IS 'Total debt / stockholders'' equity; none where that is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.net_debt_to_ebitda IS 'Net debt / ebitda_ttm; none where EBITDA is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.current_ratio IS 'Current assets / current liabilities. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.altman_z_score IS 'Altman Z-score, vendor''s. Unit: score.';

COMMENT ON COLUMN sra.equity_page.piotroski_score IS 'Piotroski F-score, vendor''s. Unit: score, 0 to 9.';

COMMENT ON COLUMN sra.equity_page.open IS 'First price of the day, of the newest quote. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.day_low IS 'Lowest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.day_high IS 'Highest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.previous_close IS 'Close of the day before. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.year_low IS 'Lowest price of 52 weeks, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.year_high IS 'Highest price of 52 weeks, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.price_avg50 IS 'Mean close of 50 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.price_avg200 IS 'Mean close of 200 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.volume IS 'Volume of the day. Unit: shares.';

COMMENT ON COLUMN sra.equity_page.quoted_at IS 'Moment of the newest quote, UTC.';

COMMENT ON COLUMN sra.equity_page.price_return_1w IS 'Change of the price over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.price_return_1m IS 'Change of the price over one month. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.price_return_3m IS 'Change of the price over three months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.price_return_6m IS 'Change of the price over six months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.price_return_ytd IS 'Change of the price since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.price_return_1y IS 'Change of the price over one year. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.price_return_3y IS 'Change of the price over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_page.price_return_5y IS 'Change of the price over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_page.beta IS 'Beta, vendor''s. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.dividend_ttm IS 'Dividends per share of twelve months, in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.enterprise_value IS 'market_cap + net debt, where the currencies agree. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.free_cash_flow_yield IS 'free_cash_flow_ttm / market_cap, where the currencies agree. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.gross_profit_ttm IS 'Gross profit of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.operating_income_ttm IS 'Operating income of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.ebitda_ttm IS 'EBITDA of twelve months, vendor''s. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.eps_ttm IS 'Basic earnings per share of twelve months, in today''s shares. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.operating_cash_flow_ttm IS 'Operating cash flow of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.capital_expenditure_ttm IS 'Capital expenditure of twelve months, negative. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.total_assets IS 'Total assets on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.total_liabilities IS 'Total liabilities on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.total_stockholders_equity IS 'Stockholders'' equity on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.cash_and_short_term_investments IS 'Cash and short-term investments on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.total_debt IS 'Total debt on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.net_debt IS 'Total debt less cash, vendor''s, on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_page.ebitda_margin IS 'EBITDA / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.free_cash_flow_margin IS 'Free cash flow / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.financial_leverage_ratio IS 'Total assets / stockholders'' equity; none where not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.interest_coverage_ratio IS 'EBIT / interest expense, twelve months. Unit: ratio.';

COMMENT ON COLUMN sra.equity_page.quarterly_revenue_growth IS 'Revenue of the newest quarter against that a year before. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.quarterly_earnings_growth IS 'Net income of the newest quarter against that a year before; none where that was not above zero. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.free_cash_flow_growth IS 'Free cash flow of the newest fiscal year, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.growth_fiscal_year IS 'Fiscal year of the yearly growth figures. Unit: fiscal year.';

COMMENT ON COLUMN sra.equity_page.quarters IS 'The newest four quarters as reported, newest first.';

COMMENT ON COLUMN sra.equity_page.next_earnings_date IS 'Day of the next report after price_date.';

COMMENT ON COLUMN sra.equity_page.next_eps_estimated IS 'Earnings per share that are expected of it. Unit: as the vendor gives it.';

COMMENT ON COLUMN sra.equity_page.type IS 'Kind of security.';

COMMENT ON COLUMN sra.equity_page.is_active IS 'Whether it is in the present universe.';

COMMENT ON COLUMN sra.equity_page.country IS 'Country of the issuer, ISO 3166 alpha-2.';

COMMENT ON COLUMN sra.equity_page.isin IS 'ISIN.';

COMMENT ON COLUMN sra.equity_page.ceo IS 'Chief executive.';

COMMENT ON COLUMN sra.equity_page.website IS 'Website.';

COMMENT ON COLUMN sra.equity_page.description IS 'What the company does.';

COMMENT ON COLUMN sra.equity_page.employees IS 'Full-time employees. Unit: persons.';

COMMENT ON COLUMN sra.equity_page.ipo_date IS 'Day of the first listing.';

COMMENT ON COLUMN sra.equity_page.peer_symbols IS 'The vendor''s peers that are listed equities here, in the vendor''s order.';

COMMENT ON COLUMN sra.equity_page.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.equity_page.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';

COMMENT ON COLUMN sra.equity_page.peers IS 'Six peers in the vendor''s order, with their own figures and currencies.';

COMMENT ON COLUMN sra.equity_page.average_volume IS 'Mean volume of a day, vendor''s. Unit: shares.';

COMMENT ON COLUMN sra.equity_page.cusip IS 'CUSIP.';

COMMENT ON COLUMN sra.equity_page.cik IS 'Key of the company at the SEC.';

COMMENT ON COLUMN sra.equity_page.address IS 'Street of the head office.';

COMMENT ON COLUMN sra.equity_page.city IS 'City of the head office.';

COMMENT ON COLUMN sra.equity_page.state IS 'State or province of the head office.';

COMMENT ON COLUMN sra.equity_page.postal_code IS 'Postal code of the head office.';

COMMENT ON COLUMN sra.equity_page.phone IS 'Telephone.';

COMMENT ON COLUMN sra.equity_page.image IS 'Address of the logo.';

-- market_movers, digest e6437fc5d4f1712c8f7db81e0a0a2bd8;

CREATE TABLE published.market_movers (
  market text,
  market_name text,
  basis text,
  direction text,
  rank bigint,
  session_date date,
  symbol text,
  name text,
  exchange text,
  sector text,
  currency text,
  price numeric,
  change numeric,
  change_percentage numeric,
  volume numeric,
  market_cap numeric,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_market_movers_bf0ad4f8 ON published.market_movers (market, direction, rank);

CREATE INDEX ix_market_movers_c3ab08fd ON published.market_movers (symbol);

-- every scope
SELECT g.market FROM (VALUES ('sp500', 'S&P 500', 'constituents', 'sp500'), ('nasdaq100', 'Nasdaq-100', 'constituents', 'nasdaq'), ('dow', 'Dow Jones Industrial Average', 'constituents', 'dowjones'), ('tsx', 'Toronto Stock Exchange, all listed equities', 'listing', 'TSX')) g (market, market_name, basis, members);

-- scopes that the runs $1 touched
SELECT g.market, r.run_id FROM (SELECT g.market FROM (VALUES ('sp500', 'S&P 500', 'constituents', 'sp500'), ('nasdaq100', 'Nasdaq-100', 'constituents', 'nasdaq'), ('dow', 'Dow Jones Industrial Average', 'constituents', 'dowjones'), ('tsx', 'Toronto Stock Exchange, all listed equities', 'listing', 'TSX')) g (market, market_name, basis, members)) g CROSS JOIN unnest($1::uuid[]) r (run_id);

-- rows of the scopes in `scope`
SELECT
  q.market::text,
  q.market_name::text,
  q.basis::text,
  q.direction::text,
  q.rank::bigint,
  q.session_date::date,
  q.symbol::text,
  q.name::text,
  q.exchange::text,
  q.sector::text,
  q.currency::text,
  q.price::numeric,
  q.change::numeric,
  q.change_percentage::numeric,
  q.volume::numeric,
  q.market_cap::numeric,
  q.as_of::timestamp with time zone
FROM (
SELECT r.market, r.market_name, r.basis, r.direction, r.rank, r.session_date, r.symbol, r.name, r.exchange, r.sector,
  r.currency, r.price, r.change, r.change_percentage, r.volume, r.market_cap, r.as_of
FROM (
  SELECT d.*, row_number() OVER (
      PARTITION BY d.market, d.direction
      ORDER BY abs(d.change_percentage) DESC, d.market_cap DESC NULLS LAST, d.symbol) AS rank
  FROM (
    SELECT n.*, first_value(n.session_date) OVER (PARTITION BY n.market ORDER BY n.sharing DESC, n.session_date DESC) AS session
    FROM (
      SELECT g.market, g.market_name, g.basis, e.*,
        CASE WHEN e.change_percentage > 0 THEN 'gainer' ELSE 'loser' END AS direction,
        e.price_date AS session_date, count(*) OVER (PARTITION BY g.market, e.price_date) AS sharing
      FROM scope s
      JOIN (VALUES ('sp500', 'S&P 500', 'constituents', 'sp500'), ('nasdaq100', 'Nasdaq-100', 'constituents', 'nasdaq'), ('dow', 'Dow Jones Industrial Average', 'constituents', 'dowjones'), ('tsx', 'Toronto Stock Exchange, all listed equities', 'listing', 'TSX')) g (market, market_name, basis, members) ON g.market = s.market
      JOIN sra.equity_metrics e ON e.is_active AND e.change_percentage IS NOT NULL AND CASE g.basis
        WHEN 'listing' THEN e.exchange = g.members
        ELSE EXISTS (SELECT FROM public.fmp_constituent c
                     WHERE c.index_name = g.members AND c.symbol = e.symbol AND c.valid_to IS NULL) END
    ) n
  ) d
  WHERE d.session_date = d.session AND d.change_percentage <> 0
) r
WHERE r.rank <= 10
) q;

CREATE OR REPLACE VIEW sra.market_movers AS
SELECT market, market_name, basis, direction, rank, session_date, symbol, name, exchange, sector, currency, price, change, change_percentage, volume, market_cap, as_of, last_run_id
FROM published.market_movers;

COMMENT ON VIEW sra.market_movers IS 'The ten largest gains and the ten largest losses of a session in each of four markets. S&P 500, Nasdaq-100 and Dow are by their present constituents; for Toronto the vendor gives no constituents, so that all equities listed on TSX stand there, which basis tells as listing. A move is the vendor''s change of the newest quote against the close before, in percent; only quotes of one session count, that of most members'' newest quotes (of two with as many the newer one), so that neither a halted share nor one quoted a day early is a mover. Equal moves are ranked by market capitalisation. Source: specification, section 5.';

COMMENT ON COLUMN sra.market_movers.market IS 'Which market.';

COMMENT ON COLUMN sra.market_movers.market_name IS 'Its name to show.';

COMMENT ON COLUMN sra.market_movers.basis IS 'How its members are told.';

COMMENT ON COLUMN sra.market_movers.direction IS 'Which of the two lists.';

COMMENT ON COLUMN sra.market_movers.rank IS 'Place in the list, 1 for the largest move. Unit: place.';

COMMENT ON COLUMN sra.market_movers.session_date IS 'Session of the move, in New York.';

COMMENT ON COLUMN sra.market_movers.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.market_movers.name IS 'Company.';

COMMENT ON COLUMN sra.market_movers.exchange IS 'Exchange.';

COMMENT ON COLUMN sra.market_movers.sector IS 'Sector.';

COMMENT ON COLUMN sra.market_movers.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.market_movers.price IS 'Newest price. Unit: currency of the row.';

COMMENT ON COLUMN sra.market_movers.change IS 'Change since the close before, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.market_movers.change_percentage IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.market_movers.volume IS 'Volume of the session. Unit: shares.';

COMMENT ON COLUMN sra.market_movers.market_cap IS 'Market capitalisation. Unit: currency of the row.';

COMMENT ON COLUMN sra.market_movers.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.market_movers.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';

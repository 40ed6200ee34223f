-- The sessions of the exchanges, past and future. A weekday without a row is a holiday.
-- Grain: one row per exchange and session. Key: exchange, session_date. Sources: market_session. Units: moments in UTC.
-- Without origins: as_of.
-- name: rows
SELECT s.exchange, s.session_date, s.close_at, NULL::timestamptz AS as_of, NULL::uuid AS last_run_id
FROM core.market_sessions s;
-- name: example
SELECT c.session_date, c.close_at FROM sra.trading_calendar c WHERE c.exchange = 'NYSE' ORDER BY c.session_date LIMIT 10;

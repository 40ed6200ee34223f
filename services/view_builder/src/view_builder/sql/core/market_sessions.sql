-- The sessions of the exchanges' calendars.
-- Grain: one row per exchange and session. Key: exchange, session_date. Sources: market_session. Units: moments in UTC.
CREATE OR REPLACE VIEW core.market_sessions AS
SELECT s.exchange, s.session_date, s.close_at FROM public.market_session s;

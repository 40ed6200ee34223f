-- The markets whose movers are published, and the source of each market's members: the vendor's constituents. The vendor has no
-- constituents of Toronto, so its members are its listings.
-- Grain: one row per market. Key: market. Sources: none; the list is here. Units: none.
CREATE OR REPLACE VIEW core.market_list AS
SELECT g.market, g.market_name, g.basis, g.members
FROM (VALUES
  ('sp500', 'S&P 500', 'constituents', 'sp500'),
  ('nasdaq100', 'Nasdaq-100', 'constituents', 'nasdaq'),
  ('dow', 'Dow Jones Industrial Average', 'constituents', 'dowjones'),
  ('tsx', 'Toronto Stock Exchange, all listed equities', 'listing', 'TSX')
) g (market, market_name, basis, members);

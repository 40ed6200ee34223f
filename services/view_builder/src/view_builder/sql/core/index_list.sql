-- The published indices of New York and Toronto.
-- Grain: one row per index. Key: symbol. Sources: none; the list is here. Units: none.
CREATE OR REPLACE VIEW core.index_list AS
SELECT i.symbol, i.name, i.currency
FROM (VALUES
  ('^GSPC', 'S&P 500', 'USD'),
  ('^IXIC', 'Nasdaq Composite', 'USD'),
  ('^DJI', 'Dow Jones Industrial Average', 'USD'),
  ('^GSPTSE', 'S&P/TSX Composite', 'CAD')
) i (symbol, name, currency);

-- The ends of the periods for which the vendor delivers ratios or key metrics.
-- Grain: one row per version and table. Key: none. Sources: fmp_ratio, fmp_key_metric. Units: dates.
CREATE OR REPLACE VIEW core.ratio_ends AS
SELECT r.symbol, r.period_kind, r.date FROM core.ratio_versions r
UNION ALL
SELECT k.symbol, k.period_kind, k.date FROM core.key_metric_versions k;

-- Risk over a number of years, from values at month ends, newest first: one value more than there are months. standard_deviation:
-- the sample deviation of the monthly growth x sqrt(12). sharpe: mean / sample deviation of the growth less the rate at the
-- beginning of the month / 12, x sqrt(12) (Sharpe, The Sharpe Ratio, 1994). max_drawdown: the deepest fall of a month end below
-- the highest one before it. beta: covariance / variance of the changes of price and level; both sums of products are n times
-- those, so that n cancels out. Capture: the geometric mean change of the price / that of the level, over the months in which the
-- level rose, or fell; products are rounded, so that the digits of sixty factors do not add up. A figure is NULL if a month lacks
-- an input of it.
-- Grain: one row. Key: none. Sources: its arguments. Units: fraction a year; fraction; ratio.
CREATE OR REPLACE FUNCTION core.monthly_risk(
  years integer, month_values numeric[], month_prices numeric[], month_levels numeric[], month_rates numeric[]
)
RETURNS TABLE (
  standard_deviation numeric, sharpe numeric, max_drawdown numeric, beta numeric, upside_capture numeric,
  downside_capture numeric
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN count(r.growth) = 12 * years THEN round(stddev_samp(r.growth) * sqrt(12::numeric), 6) END,
  CASE
    WHEN count(r.excess) = 12 * years
      THEN round(core.quotient(avg(r.excess), stddev_samp(r.excess)) * sqrt(12::numeric), 6)
  END,
  CASE WHEN count(r.value) = 12 * years + 1 THEN round(min(core.growth(r.value, r.peak)), 6) END,
  CASE
    WHEN count(r.change_and_market) = 12 * years THEN round(core.quotient(
      sum(r.change * r.market) - sum(r.change) * sum(r.market) / (12 * years),
      sum(r.market * r.market) - sum(r.market) * sum(r.market) / (12 * years)
    ), 6)
  END,
  CASE
    WHEN count(r.change_and_market) = 12 * years THEN round(core.quotient(
      core.mean_growth(
        published.product(round(1 + r.change, 40)) FILTER (WHERE r.market > 0), count(*) FILTER (WHERE r.market > 0)
      ),
      core.mean_growth(
        published.product(round(1 + r.market, 40)) FILTER (WHERE r.market > 0), count(*) FILTER (WHERE r.market > 0)
      )
    ), 6)
  END,
  CASE
    WHEN count(r.change_and_market) = 12 * years THEN round(core.quotient(
      core.mean_growth(
        published.product(round(1 + r.change, 40)) FILTER (WHERE r.market < 0), count(*) FILTER (WHERE r.market < 0)
      ),
      core.mean_growth(
        published.product(round(1 + r.market, 40)) FILTER (WHERE r.market < 0), count(*) FILTER (WHERE r.market < 0)
      )
    ), 6)
  END
FROM (
  SELECT g.*, g.growth - g.rate / 1200 AS excess, g.change + g.market AS change_and_market
  FROM (
    SELECT v.value, core.growth(v.value, lag(v.value) OVER before) AS growth,
      core.growth(v.price, lag(v.price) OVER before) AS change, core.growth(v.level, lag(v.level) OVER before) AS market,
      lag(v.rate) OVER before AS rate, max(v.value) OVER before AS peak
    FROM unnest(month_values, month_prices, month_levels, month_rates)
      WITH ORDINALITY v (value, price, level, rate, place)
    WHERE v.place <= 12 * years + 1
    WINDOW before AS (ORDER BY v.place DESC)
  ) g
) r
$$;

-- The id of the fund that a series belongs to: its manager and its legal name without the series. The vendor has no key for a
-- fund. The series is the text after Series, Class, Série, Catégorie or Classe at the end of the name, or else the series' own
-- name there.
-- Grain: one value. Key: none. Sources: its arguments. Units: none.
CREATE OR REPLACE FUNCTION core.fund_id(legal_name text, series_name text, company text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT 'fund:' || core.normal_name(company) || ':' || core.normal_name(CASE
  WHEN legal_name ~* '\m(series|class|série|catégorie|classe) [[:alnum:]/+-]{1,8}( ?\([^()]*\))?$'
    THEN regexp_replace(
      legal_name, '\m(series|class|série|catégorie|classe) [[:alnum:]/+-]{1,8}( ?\([^()]*\))?$', '', 'i'
    )
  WHEN right(lower(legal_name), length(series_name)) = lower(series_name)
    AND left(right(legal_name, length(series_name) + 1), 1) ~ '[[:space:][:punct:]]'
    THEN left(legal_name, -length(series_name))
  ELSE legal_name
END)
$$;

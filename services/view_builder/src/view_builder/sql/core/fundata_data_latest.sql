-- The latest version of every Fundata data record that a finished run stored, if it is active.
-- Grain: one row per record, or per element of its lists. Key: dataset, identifier, record_id, row_ordinal.
-- Sources: core.fundata_data_newest. Units: as delivered.
CREATE OR REPLACE VIEW core.fundata_data_latest AS
SELECT d.*
FROM core.fundata_data_newest d
WHERE core.is_active(d.record_state);

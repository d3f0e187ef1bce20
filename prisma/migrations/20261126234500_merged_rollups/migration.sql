-- Buckets merged over platforms and app versions, and by app version, of a minute, five minutes and an hour (decision 57).
-- They stand in "rollup" under tiers of their own, and leave by the month: they are few.
SET lock_timeout = '5s';

-- AlterTable
ALTER TABLE "fold_position" ADD COLUMN     "merged_from" TIMESTAMPTZ(3),
ADD COLUMN     "merged_xid" BIGINT NOT NULL DEFAULT 0;

-- A process from before this migration moves xid alone: it cannot fold, for it would leave merged buckets behind. Its
-- events wait for one that can.
UPDATE "fold_position" SET "merged_xid" = "xid";
ALTER TABLE "fold_position" ADD CONSTRAINT "fold_position_merged" CHECK ("merged_xid" = "xid");

CREATE OR REPLACE FUNCTION tidemark_cuts() RETURNS TABLE (name text, parent text, tier text, cut_by text, period text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  VALUES ('telemetry_event', 'telemetry_event', NULL, 'at', 'day'), ('sync_session', 'sync_session', NULL, 'received_at', 'day'),
    ('rollup_minute', 'rollup', 'minute', 'start', 'day'), ('rollup_hour', 'rollup', 'hour', 'start', 'month'),
    ('rollup_total_minute', 'rollup', 'total_minute', 'start', 'month'), ('rollup_total_five', 'rollup', 'total_five', 'start', 'month'),
    ('rollup_total_hour', 'rollup', 'total_hour', 'start', 'month'), ('rollup_version_minute', 'rollup', 'version_minute', 'start', 'month'),
    ('rollup_version_five', 'rollup', 'version_five', 'start', 'month'), ('rollup_version_hour', 'rollup', 'version_hour', 'start', 'month')
$$;

-- The periods that full buckets have partitions of; those to come are made by the leader.
DO $$
DECLARE
  of_tier text; of_month date;
BEGIN
  FOR of_tier, of_month IN
    SELECT DISTINCT substring(p.name FROM '^rollup_(minute|hour)_'), to_date(substring(p.name FROM '_([0-9]{6})'), 'YYYYMM')
    FROM tidemark_partitions() p(name) WHERE p.name ~ '^rollup_(minute|hour)_[0-9]+$' LOOP
    IF of_tier = 'hour' THEN
      PERFORM tidemark_make_partition(t, of_month) FROM unnest(ARRAY['rollup_total_hour', 'rollup_version_hour']) t;
    ELSE
      PERFORM tidemark_make_partition(t, of_month)
        FROM unnest(ARRAY['rollup_total_minute', 'rollup_total_five', 'rollup_version_minute', 'rollup_version_five']) t;
    END IF;
  END LOOP;
END $$;

-- Merged buckets are whole from here on; the leader fills those before, hour by hour, back to the first.
UPDATE "fold_position" p SET "merged_from" = (
  SELECT date_trunc('hour', max(r."start"), 'UTC') + interval '1 hour' FROM "rollup" r WHERE r."fleet_id" = p."fleet_id");

-- Rollups leave by partition too, as events and sessions do (metrics.md, rollups): minutes by day, hours by month.
-- Partitions are made and dropped one by one, so that none of it holds a lock for long.

-- CreateTable
CREATE TABLE "setting" (
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "value" JSON NOT NULL,

    CONSTRAINT "setting_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "partition_floor" (
    "cut" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "partition_floor_pkey" PRIMARY KEY ("cut")
);

GRANT SELECT, INSERT, UPDATE ON "setting" TO tidemark_runtime;
GRANT SELECT ON "partition_floor" TO tidemark_runtime;

ALTER TABLE "rollup" RENAME TO "rollup_before";
ALTER TABLE "rollup_before" RENAME CONSTRAINT "rollup_pkey" TO "rollup_before_pkey";
CREATE TABLE "rollup" (
    "fleet_id" UUID NOT NULL,
    "tier" TEXT NOT NULL,
    "start" TIMESTAMPTZ(3) NOT NULL,
    "collection" TEXT NOT NULL,
    "platform" TEXT NOT NULL,
    "app_version" TEXT NOT NULL,
    "counters" JSON NOT NULL,
    "sketches" JSON NOT NULL,
    "gauges" JSON NOT NULL,
    "gauges_at" TIMESTAMPTZ(3) NOT NULL,
    "source" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "rollup_pkey" PRIMARY KEY ("fleet_id","tier","start","collection","platform","app_version","source")
) PARTITION BY RANGE ("tier", "start");
CREATE TABLE "rollup_default" PARTITION OF "rollup" DEFAULT;
ALTER TABLE "rollup" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "rollup_default" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "rollup" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "rollup" TO tidemark_runtime;

DROP FUNCTION tidemark_ensure_partitions(date, integer);
DROP FUNCTION tidemark_drop_partitions(timestamptz, timestamptz);
DROP FUNCTION tidemark_stray_rows();

-- What is cut by time: which rows of a table, by which column, into which periods (UTC). Partitions bear its name.
CREATE FUNCTION tidemark_cuts() RETURNS TABLE (name text, parent text, tier text, cut_by text, period text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  VALUES ('telemetry_event', 'telemetry_event', NULL, 'at', 'day'), ('sync_session', 'sync_session', NULL, 'received_at', 'day'),
    ('rollup_minute', 'rollup', 'minute', 'start', 'day'), ('rollup_hour', 'rollup', 'hour', 'start', 'month')
$$;

-- The partitions that there are, but for the default ones.
CREATE FUNCTION tidemark_partitions() RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent IN (SELECT ('public.' || t.parent)::regclass FROM public.tidemark_cuts() t) AND c.relname ~ '_[0-9]+$'
  ORDER BY 1
$$;

-- Makes the partition of the period that `day` lies in, and moves into it what fell into the default one. False when it
-- is there. Whoever waits behind its lock waits a fifth of a second at most: then it fails, and is tried again.
CREATE FUNCTION tidemark_make_partition(of_cut text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  cut record; child text; lower_end timestamptz; upper_end timestamptz; tier_bound text; tier_is text;
BEGIN
  SELECT * INTO STRICT cut FROM public.tidemark_cuts() t WHERE t.name = of_cut;
  lower_end := date_trunc(cut.period, day::timestamp) AT TIME ZONE 'UTC';
  upper_end := (date_trunc(cut.period, day::timestamp) + ('1 ' || cut.period)::interval) AT TIME ZONE 'UTC';
  child := of_cut || '_' || to_char(day, CASE cut.period WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
  tier_bound := coalesce(quote_literal(cut.tier) || ', ', '');
  tier_is := coalesce('tier = ' || quote_literal(cut.tier), 'true');
  PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.partitions', 0));
  IF to_regclass('public.' || child) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', child, cut.parent);
  EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', child);
  EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', cut.parent || '_default');
  EXECUTE format(
    'WITH moved AS (DELETE FROM public.%I WHERE %s AND %I >= %L AND %I < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
    cut.parent || '_default', tier_is, cut.cut_by, lower_end, cut.cut_by, upper_end, child);
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s%L) TO (%s%L)',
    cut.parent, child, tier_bound, lower_end, tier_bound, upper_end);
  RETURN true;
END $$;

-- Nothing from before this time is whole any more.
CREATE FUNCTION tidemark_raise_floor(of_cut text, to_at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.partition_floor (cut, at) VALUES (of_cut, to_at)
  ON CONFLICT (cut) DO UPDATE SET at = greatest(partition_floor.at, excluded.at)
$$;

-- Drops one partition that ends at `before` at the latest. Gives up as soon as making one does. False when it isn't there.
CREATE FUNCTION tidemark_drop_partition(of_cut text, child text, before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
  cut record; upper_end timestamptz;
BEGIN
  SELECT * INTO STRICT cut FROM public.tidemark_cuts() t WHERE t.name = of_cut;
  IF child !~ ('^' || of_cut || '_[0-9]+$') THEN RAISE EXCEPTION '% is no partition of %', child, of_cut; END IF;
  upper_end := (to_date(substring(child FROM '[0-9]+$'), CASE cut.period WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END)
    + ('1 ' || cut.period)::interval)::timestamp AT TIME ZONE 'UTC';
  IF upper_end > before THEN RAISE EXCEPTION '% is not past', child; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.partitions', 0));
  IF to_regclass('public.' || child) IS NULL THEN RETURN false; END IF;
  EXECUTE format('DROP TABLE public.%I', child);
  PERFORM public.tidemark_raise_floor(of_cut, upper_end);
  RETURN true;
END $$;

-- Deletes at most `most` rows of the default partition from before `before`; how many those were.
CREATE FUNCTION tidemark_drop_strays(of_cut text, before timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  cut record; gone bigint;
BEGIN
  SELECT * INTO STRICT cut FROM public.tidemark_cuts() t WHERE t.name = of_cut;
  EXECUTE format(
    'WITH gone AS (DELETE FROM public.%I WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.%I WHERE %s AND %I < $1 LIMIT $2)) RETURNING 1) SELECT count(*) FROM gone',
    cut.parent || '_default', cut.parent || '_default', coalesce('tier = ' || quote_literal(cut.tier), 'true'), cut.cut_by)
    USING before, most INTO gone;
  IF gone > 0 THEN PERFORM public.tidemark_raise_floor(of_cut, before); END IF;
  RETURN gone;
END $$;

-- Rows of all fleets outside every partition, by what they are of and their day.
CREATE FUNCTION tidemark_strays() RETURNS TABLE (cut text, day date, count bigint)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'telemetry_event', (at AT TIME ZONE 'UTC')::date, count(*) FROM public.telemetry_event_default GROUP BY 2
  UNION ALL SELECT 'sync_session', (received_at AT TIME ZONE 'UTC')::date, count(*) FROM public.sync_session_default GROUP BY 2
  UNION ALL SELECT 'rollup_' || tier, (start AT TIME ZONE 'UTC')::date, count(*) FROM public.rollup_default GROUP BY 1, 2
$$;

REVOKE ALL ON FUNCTION tidemark_partitions() FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_make_partition(text, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_raise_floor(text, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_drop_partition(text, text, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_drop_strays(text, timestamptz, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_strays() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tidemark_partitions() TO tidemark_runtime;
GRANT EXECUTE ON FUNCTION tidemark_make_partition(text, date) TO tidemark_runtime;
GRANT EXECUTE ON FUNCTION tidemark_drop_partition(text, text, timestamptz) TO tidemark_runtime;
GRANT EXECUTE ON FUNCTION tidemark_drop_strays(text, timestamptz, integer) TO tidemark_runtime;
GRANT EXECUTE ON FUNCTION tidemark_strays() TO tidemark_runtime;

-- The buckets that are there, each into the partition of its period.
DO $$
DECLARE
  of_cut text; day date;
BEGIN
  FOR of_cut, day IN SELECT DISTINCT 'rollup_' || tier, (start AT TIME ZONE 'UTC')::date FROM rollup_before LOOP
    PERFORM tidemark_make_partition(of_cut, day);
  END LOOP;
END $$;
INSERT INTO "rollup" (fleet_id, tier, start, collection, platform, app_version, counters, sketches, gauges, gauges_at, source)
  SELECT fleet_id, tier, start, collection, platform, app_version, counters, sketches, gauges, gauges_at, source FROM "rollup_before";
DROP TABLE "rollup_before";

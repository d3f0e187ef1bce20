-- Tables and indexes stand here as Prisma derives them from schema.prisma (a test holds the two together);
-- partitions, the runtime role, row-level security and functions follow them.

-- CreateTable
CREATE TABLE "fleet" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "config_version" INTEGER NOT NULL,
    "settings" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "fleet_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "app_user" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "email_key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "password_hash" TEXT,
    "disabled" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "app_user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user_role" (
    "user_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "role" TEXT NOT NULL,

    CONSTRAINT "user_role_pkey" PRIMARY KEY ("user_id","scope")
);

-- CreateTable
CREATE TABLE "user_session" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "user_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "one_time_link" (
    "hash" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "user_id" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "one_time_link_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "scope_fleet_id" UUID,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "scope_fleet_id" UUID,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "actor_name" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "reason" TEXT,
    "before" JSON NOT NULL,
    "after" JSON NOT NULL,
    "address" TEXT,
    "outcome" TEXT NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "collection" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "strategy" TEXT NOT NULL,
    "tie_rule" TEXT NOT NULL,
    "field_strategies" JSON NOT NULL,
    "schema" JSON NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "thresholds" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "collection_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "collection_schema" (
    "fleet_id" UUID NOT NULL,
    "collection_id" UUID NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "schema" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "collection_schema_pkey" PRIMARY KEY ("fleet_id","collection_id","schema_version")
);

-- CreateTable
CREATE TABLE "enrollment_key" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "access" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "enrollment_key_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "enrollment" (
    "fleet_id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "key_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "enrollment_pkey" PRIMARY KEY ("fleet_id","request_id")
);

-- CreateTable
CREATE TABLE "device" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "platform" TEXT NOT NULL,
    "app_version" TEXT NOT NULL,
    "model" TEXT,
    "os" TEXT,
    "status" TEXT NOT NULL,
    "access" JSON NOT NULL,
    "enrolled_at" TIMESTAMPTZ(3) NOT NULL,
    "last_contact_at" TIMESTAMPTZ(3),
    "last_session_ok_at" TIMESTAMPTZ(3),
    "report_state" TEXT,
    "report_seq" BIGINT,
    "report_nonce" TEXT,
    "report" JSON,

    CONSTRAINT "device_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "device_token" (
    "fleet_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "device_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3)
);

-- CreateTable
CREATE TABLE "device_position" (
    "fleet_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "first_complete_at" TIMESTAMPTZ(3),

    CONSTRAINT "device_position_pkey" PRIMARY KEY ("fleet_id","device_id","collection")
);

-- CreateTable
CREATE TABLE "stream_head" (
    "fleet_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "version" BIGINT NOT NULL,

    CONSTRAINT "stream_head_pkey" PRIMARY KEY ("fleet_id","collection")
);

-- CreateTable
CREATE TABLE "record" (
    "fleet_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "record_id" UUID NOT NULL,
    "version" BIGINT NOT NULL,
    "deleted" BOOLEAN NOT NULL,
    "data" JSON,
    "hlc" TEXT NOT NULL,
    "device_id" UUID NOT NULL,
    "version_vector" JSON NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "committed_at" TIMESTAMPTZ(3) NOT NULL
);

-- CreateTable
CREATE TABLE "record_base" (
    "fleet_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "record_id" UUID NOT NULL,
    "version" BIGINT NOT NULL,
    "data" JSON,
    "replaced_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "record_base_pkey" PRIMARY KEY ("fleet_id","collection","record_id","version")
);

-- CreateTable
CREATE TABLE "change_log" (
    "fleet_id" UUID NOT NULL,
    "mutation_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "version" BIGINT,
    "after" UUID,
    "device_id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "session_id" UUID,
    "status" TEXT NOT NULL,
    "payload_hash" TEXT NOT NULL,
    "mutation" JSON NOT NULL,
    "result" JSON,
    "app_version" TEXT NOT NULL,
    "made_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "committed_at" TIMESTAMPTZ(3) NOT NULL
);

-- CreateTable
CREATE TABLE "session_push" (
    "fleet_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "committed_at" TIMESTAMPTZ(3) NOT NULL,
    "mutation_ids" UUID[],

    CONSTRAINT "session_push_pkey" PRIMARY KEY ("fleet_id","session_id","request_id")
);

-- CreateTable
CREATE TABLE "stored_response" (
    "fleet_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "request_hash" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stored_response_pkey" PRIMARY KEY ("fleet_id","device_id","request_id")
);

-- CreateTable
CREATE TABLE "sync_session" (
    "fleet_id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "session_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "device_name" TEXT NOT NULL,
    "platform" TEXT NOT NULL,
    "app_version" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL,
    "offset_ms" BIGINT NOT NULL,
    "pushed" BIGINT NOT NULL,
    "pulled" BIGINT NOT NULL,
    "conflicts" BIGINT NOT NULL,
    "dead_lettered" BIGINT NOT NULL,
    "queue_depth_before" BIGINT NOT NULL,
    "queue_depth_after" BIGINT NOT NULL,
    "illegal_transitions" INTEGER NOT NULL,
    "inferred" BOOLEAN NOT NULL,
    "transitions" JSON NOT NULL,
    "attempts" JSON NOT NULL,
    "extras" JSON NOT NULL,

    CONSTRAINT "sync_session_pkey" PRIMARY KEY ("fleet_id","received_at","session_id")
) PARTITION BY RANGE ("received_at");

-- CreateTable
CREATE TABLE "session_index" (
    "fleet_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_index_pkey" PRIMARY KEY ("fleet_id","session_id")
);

-- CreateTable
CREATE TABLE "open_session" (
    "fleet_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "first_push_at" TIMESTAMPTZ(3) NOT NULL,
    "last_push_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "open_session_pkey" PRIMARY KEY ("fleet_id","session_id")
);

-- CreateTable
CREATE TABLE "conflict" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "mutation_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "record_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "session_id" UUID,
    "strategy" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "fields" JSON NOT NULL,
    "base" JSON,
    "base_known" BOOLEAN NOT NULL,
    "local" JSON,
    "remote" JSON,
    "result" JSON,
    "resolution" JSON,
    "status" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "conflict_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "dead_letter" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "mutation_id" UUID NOT NULL,
    "mutation" JSON NOT NULL,
    "collection" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "detail" JSON NOT NULL,
    "path" JSON,
    "base" JSON,
    "parent_mutation_id" UUID,
    "device_id" UUID NOT NULL,
    "device_name" TEXT NOT NULL,
    "session_id" UUID,
    "app_version" TEXT NOT NULL,
    "made_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "last_replay" JSON,

    CONSTRAINT "dead_letter_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "telemetry_event" (
    "fleet_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "id" TEXT NOT NULL,
    "xid" BIGINT NOT NULL,
    "appended_at" TIMESTAMPTZ(3) NOT NULL,
    "payload" JSON NOT NULL,

    CONSTRAINT "telemetry_event_pkey" PRIMARY KEY ("fleet_id","at","id")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "event_index" (
    "fleet_id" UUID NOT NULL,
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_index_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
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

    CONSTRAINT "rollup_pkey" PRIMARY KEY ("fleet_id","tier","start","collection","platform","app_version")
);

-- CreateTable
CREATE TABLE "fold_position" (
    "fleet_id" UUID NOT NULL,
    "xid" BIGINT NOT NULL,
    "event_id" TEXT NOT NULL,

    CONSTRAINT "fold_position_pkey" PRIMARY KEY ("fleet_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "fleet_name_key" ON "fleet"("name");

-- CreateIndex
CREATE UNIQUE INDEX "app_user_email_key_key" ON "app_user"("email_key");

-- CreateIndex
CREATE INDEX "user_session_user_id_idx" ON "user_session"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");

-- CreateIndex
CREATE INDEX "audit_at_id_idx" ON "audit"("at", "id");

-- CreateIndex
CREATE INDEX "audit_scope_fleet_id_at_id_idx" ON "audit"("scope_fleet_id", "at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "collection_fleet_id_name_key" ON "collection"("fleet_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "enrollment_key_fleet_id_hash_key" ON "enrollment_key"("fleet_id", "hash");

-- CreateIndex
CREATE INDEX "device_token_fleet_id_device_id_idx" ON "device_token"("fleet_id", "device_id");

-- CreateIndex
CREATE UNIQUE INDEX "record_fleet_id_collection_version_key" ON "record"("fleet_id", "collection", "version");

-- CreateIndex
CREATE INDEX "record_base_replaced_at_idx" ON "record_base" USING BRIN ("replaced_at");

-- CreateIndex
CREATE UNIQUE INDEX "change_log_fleet_id_collection_version_key" ON "change_log"("fleet_id", "collection", "version");

-- CreateIndex
CREATE INDEX "session_push_committed_at_idx" ON "session_push" USING BRIN ("committed_at");

-- CreateIndex
CREATE INDEX "stored_response_created_at_idx" ON "stored_response" USING BRIN ("created_at");

-- CreateIndex
CREATE INDEX "sync_session_fleet_id_ended_at_session_id_idx" ON "sync_session"("fleet_id", "ended_at", "session_id");

-- CreateIndex
CREATE INDEX "session_index_received_at_idx" ON "session_index" USING BRIN ("received_at");

-- CreateIndex
CREATE INDEX "open_session_fleet_id_first_push_at_idx" ON "open_session"("fleet_id", "first_push_at");

-- CreateIndex
CREATE INDEX "conflict_fleet_id_session_id_idx" ON "conflict"("fleet_id", "session_id");

-- CreateIndex
CREATE INDEX "conflict_fleet_id_status_created_at_idx" ON "conflict"("fleet_id", "status", "created_at");

-- CreateIndex
CREATE INDEX "dead_letter_fleet_id_created_at_id_idx" ON "dead_letter"("fleet_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "dead_letter_fleet_id_status_created_at_id_idx" ON "dead_letter"("fleet_id", "status", "created_at", "id");

-- CreateIndex
CREATE INDEX "dead_letter_fleet_id_parent_mutation_id_idx" ON "dead_letter"("fleet_id", "parent_mutation_id");

-- CreateIndex
CREATE UNIQUE INDEX "dead_letter_fleet_id_mutation_id_key" ON "dead_letter"("fleet_id", "mutation_id");

-- CreateIndex
CREATE INDEX "telemetry_event_fleet_id_xid_id_idx" ON "telemetry_event"("fleet_id", "xid", "id");

-- CreateIndex
CREATE INDEX "event_index_at_idx" ON "event_index" USING BRIN ("at");

-- AddForeignKey
ALTER TABLE "user_role" ADD CONSTRAINT "user_role_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "user_session" ADD CONSTRAINT "user_session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- These keys come last on purpose. Plans are kept per connection and may be made while a table is empty, when the
-- planner finds every index equally cheap and takes the newest: it must be the one that finds a single row.
ALTER TABLE "record" ADD CONSTRAINT "record_pkey" PRIMARY KEY ("fleet_id","collection","record_id");
ALTER TABLE "change_log" ADD CONSTRAINT "change_log_pkey" PRIMARY KEY ("fleet_id","mutation_id");
ALTER TABLE "device_token" ADD CONSTRAINT "device_token_pkey" PRIMARY KEY ("fleet_id","hash");

-- Contacts and pushes rewrite these rows all the time: room for them within their page.
ALTER TABLE "device" SET (fillfactor = 60);
ALTER TABLE "stream_head" SET (fillfactor = 50);

-- ── partitions ─────────────────────────────────────────────────────────────
-- Rows of a day that nobody created a partition for land in the default one: an alarm, never a loss.
CREATE TABLE "telemetry_event_default" PARTITION OF "telemetry_event" DEFAULT;
CREATE TABLE "sync_session_default" PARTITION OF "sync_session" DEFAULT;

-- Creates the day partitions (UTC) from `from_day` on and moves into them what fell into the default one.
CREATE FUNCTION tidemark_ensure_partitions(from_day date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  parent text; key text; child text; day date; lower_end timestamptz; upper_end timestamptz; created integer := 0;
BEGIN
  IF days NOT BETWEEN 1 AND 400 THEN RAISE EXCEPTION 'days must be 1 to 400'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.partitions', 0));
  FOR parent, key IN VALUES ('telemetry_event', 'at'), ('sync_session', 'received_at') LOOP
    FOR day IN SELECT from_day + i FROM generate_series(0, days - 1) AS i LOOP
      child := parent || '_' || to_char(day, 'YYYYMMDD');
      CONTINUE WHEN to_regclass('public.' || child) IS NOT NULL;
      lower_end := day::timestamp AT TIME ZONE 'UTC';
      upper_end := (day + 1)::timestamp AT TIME ZONE 'UTC';
      EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', child, parent);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', child);
      EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
      EXECUTE format(
        'WITH moved AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
        parent || '_default', key, lower_end, key, upper_end, child);
      EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        parent, child, lower_end, upper_end);
      created := created + 1;
    END LOOP;
  END LOOP;
  RETURN created;
END $$;

-- Drops the day partitions that end before the given times, and strays as old; returns the names of those dropped.
CREATE FUNCTION tidemark_drop_partitions(events_before timestamptz, sessions_before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  parent text; key text; before_at timestamptz; child text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('tidemark.partitions', 0));
  FOR parent, key, before_at IN VALUES
    ('telemetry_event', 'at', events_before), ('sync_session', 'received_at', sessions_before)
  LOOP
    FOR child IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = ('public.' || parent)::regclass AND c.relname ~ '_[0-9]{8}$'
        AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC' <= before_at
      ORDER BY c.relname
    LOOP
      EXECUTE format('DROP TABLE public.%I', child);
      RETURN NEXT child;
    END LOOP;
    EXECUTE format('DELETE FROM public.%I WHERE %I < %L', parent || '_default', key, before_at);
  END LOOP;
END $$;

-- Rows of all fleets in the default partitions.
CREATE FUNCTION tidemark_stray_rows() RETURNS bigint
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT count(*) FROM public.telemetry_event_default) + (SELECT count(*) FROM public.sync_session_default)
$$;

-- ── the runtime role ───────────────────────────────────────────────────────
-- It owns nothing and holds no grant on a partition, which would let it read past row-level security.
-- Roles belong to the whole server: another database, or another migration at this moment, may have made it.
DO $$
DECLARE
  -- From 16 on, who creates a role may grant it but not take it.
  membership text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tidemark_runtime') THEN
    BEGIN
      CREATE ROLE tidemark_runtime NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF NOT pg_has_role(current_user, 'tidemark_runtime', membership) THEN
    EXECUTE format('GRANT tidemark_runtime TO %I', current_user);
  END IF;
END $$;

GRANT USAGE ON SCHEMA public TO tidemark_runtime;
REVOKE ALL ON FUNCTION tidemark_ensure_partitions(date, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_drop_partitions(timestamptz, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION tidemark_stray_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tidemark_ensure_partitions(date, integer) TO tidemark_runtime;
GRANT EXECUTE ON FUNCTION tidemark_drop_partitions(timestamptz, timestamptz) TO tidemark_runtime;
GRANT EXECUTE ON FUNCTION tidemark_stray_rows() TO tidemark_runtime;

GRANT SELECT, INSERT, UPDATE ON "fleet", "app_user", "api_key", "lease" TO tidemark_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON "user_role", "user_session", "one_time_link" TO tidemark_runtime;
GRANT SELECT, INSERT ON "audit" TO tidemark_runtime;

-- ── row-level security ─────────────────────────────────────────────────────
-- Every table with a fleet: only rows of the fleet that the transaction names; without one, none.
-- The sub-select is evaluated once a statement, not once a row.
DO $$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND a.attname = 'fleet_id' AND NOT a.attisdropped
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    CONTINUE WHEN name LIKE '%\_default';
    EXECUTE format(
      'CREATE POLICY of_fleet ON %I USING (fleet_id = (SELECT nullif(current_setting(''app.fleet'', true), '''')::uuid))',
      name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tidemark_runtime', name);
  END LOOP;
END $$;

-- What people say of breakers (decision 0061): one row a scope, read whole by every process whenever the revision grew. The
-- engine's scope belongs to no fleet, so these tables are global as the audit log is.
CREATE TABLE "breaker_control" (
    "scope" TEXT NOT NULL,
    "scope_fleet_id" UUID,
    "version" INTEGER NOT NULL,
    "revision" BIGINT NOT NULL,
    "settings" JSON,
    "overrides" JSON NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "breaker_control_pkey" PRIMARY KEY ("scope")
);
CREATE INDEX "breaker_control_scope_fleet_id_idx" ON "breaker_control"("scope_fleet_id");

-- One row: whoever changes a control takes the next number under its lock, so that numbers are seen in their order.
CREATE TABLE "breaker_revision" (
    "one" BOOLEAN NOT NULL DEFAULT true CHECK ("one"),
    "revision" BIGINT NOT NULL,

    CONSTRAINT "breaker_revision_pkey" PRIMARY KEY ("one")
);
INSERT INTO "breaker_revision" ("revision") VALUES (0);

-- Which process runs which revision, each by its own word, once a second; of the last ones also since when, newest first.
CREATE TABLE "breaker_process" (
    "process_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "revision" BIGINT NOT NULL,
    "applied" JSONB NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "scopes" JSON NOT NULL,

    CONSTRAINT "breaker_process_pkey" PRIMARY KEY ("process_id")
);

-- What each process saw of a scope in a minute, second by second (metrics.md: kept 48 h).
CREATE TABLE "breaker_minute" (
    "scope" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(3) NOT NULL,
    "process_id" UUID NOT NULL,
    "scope_fleet_id" UUID,
    "seconds" JSON NOT NULL,

    CONSTRAINT "breaker_minute_pkey" PRIMARY KEY ("scope","minute","process_id")
);
CREATE INDEX "breaker_minute_minute_idx" ON "breaker_minute"("minute");

-- Changes of state, with the requests behind a trip.
CREATE TABLE "breaker_change" (
    "id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "scope_fleet_id" UUID,
    "process_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "before" TEXT NOT NULL,
    "after" TEXT NOT NULL,
    "trip" JSON,

    CONSTRAINT "breaker_change_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "breaker_change_scope_at_id_idx" ON "breaker_change"("scope", "at", "id");
CREATE INDEX "breaker_change_scope_fleet_id_at_id_idx" ON "breaker_change"("scope_fleet_id", "at", "id");
CREATE INDEX "breaker_change_at_idx" ON "breaker_change"("at");

GRANT SELECT, INSERT, UPDATE, DELETE ON "breaker_control" TO tidemark_runtime;
GRANT SELECT, UPDATE ON "breaker_revision" TO tidemark_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON "breaker_process" TO tidemark_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON "breaker_minute" TO tidemark_runtime;
GRANT SELECT, INSERT, DELETE ON "breaker_change" TO tidemark_runtime;

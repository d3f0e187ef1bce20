-- What other engines tell beside sessions: figures, which charts keep apart by their source, and logs.

-- AlterTable
ALTER TABLE "rollup" ADD COLUMN     "source" TEXT NOT NULL DEFAULT '';

-- Made before the old key goes: buckets are found at any moment.
CREATE UNIQUE INDEX "rollup_source_key" ON "rollup"("fleet_id", "tier", "start", "collection", "platform", "app_version", "source");
ALTER TABLE "rollup" DROP CONSTRAINT "rollup_pkey",
ADD CONSTRAINT "rollup_pkey" PRIMARY KEY USING INDEX "rollup_source_key";

-- Those of other engines alone: sessions of our own aren't in it and cost nothing.
CREATE INDEX "sync_session_fleet_id_source_ended_at_session_id_idx" ON "sync_session"("fleet_id", "source", "ended_at", "session_id") WHERE "source" IS NOT NULL;

-- CreateTable
CREATE TABLE "told_series" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "gauge" TEXT,
    "start_at" TIMESTAMPTZ(3),
    "at" TIMESTAMPTZ(3) NOT NULL,
    "heard_at" TIMESTAMPTZ(3) NOT NULL,
    "value" JSON,

    CONSTRAINT "told_series_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "told_log" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "session_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "level" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "code" TEXT,

    CONSTRAINT "told_log_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateIndex
CREATE INDEX "told_log_fleet_id_device_id_at_id_idx" ON "told_log"("fleet_id", "device_id", "at", "id");

-- CreateIndex
CREATE INDEX "told_log_fleet_id_session_id_idx" ON "told_log"("fleet_id", "session_id");

ALTER TABLE "told_series" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "told_series" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "told_series" TO tidemark_runtime;

ALTER TABLE "told_log" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "told_log" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "told_log" TO tidemark_runtime;

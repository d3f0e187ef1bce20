-- The life of a device: its other ids after a fork, what operators told it, what it told about itself, and the
-- queue of full syncs.

-- AlterTable
ALTER TABLE "device" ADD COLUMN     "linked_ids" UUID[] DEFAULT ARRAY[]::UUID[],
ADD COLUMN     "commands" JSON,
ADD COLUMN     "commands_until" TIMESTAMPTZ(3),
ADD COLUMN     "report_offset_ms" BIGINT,
ADD COLUMN     "report_rtt_ms" BIGINT,
ADD COLUMN     "clock_jumps" JSON;

-- AlterTable
ALTER TABLE "stream_head" ADD COLUMN     "purged_version" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "device_diagnostics" (
    "fleet_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "command_id" UUID,
    "app_version" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "body" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "device_diagnostics_pkey" PRIMARY KEY ("fleet_id","device_id","id")
);

-- CreateTable
CREATE TABLE "full_sync_ticket" (
    "fleet_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "admit_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "full_sync_ticket_pkey" PRIMARY KEY ("fleet_id","device_id")
);

-- CreateIndex
CREATE INDEX "device_fleet_id_commands_until_idx" ON "device"("fleet_id", "commands_until");

-- CreateIndex
CREATE INDEX "full_sync_ticket_fleet_id_admit_at_idx" ON "full_sync_ticket"("fleet_id", "admit_at");

-- Row-level security and grants, as for every table with a fleet.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['device_diagnostics', 'full_sync_ticket'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY of_fleet ON %I USING (fleet_id = (SELECT nullif(current_setting(''app.fleet'', true), '''')::uuid))',
      name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tidemark_runtime', name);
  END LOOP;
END $$;

-- Restores and their gap (decision 0067). The epoch before the present one: OT judges revisions by it.
ALTER TABLE "fleet" ADD COLUMN     "epoch_before" INTEGER;

-- CreateTable
CREATE TABLE "restoration" (
    "fleet_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "epoch_before" INTEGER NOT NULL,
    "backup_id" UUID,
    "backup_at" TIMESTAMPTZ(3),
    "proven" BOOLEAN NOT NULL,
    "restored_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "restoration_pkey" PRIMARY KEY ("fleet_id","epoch")
);

-- CreateTable
CREATE TABLE "restored_device" (
    "fleet_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "device_id" UUID NOT NULL,
    "acknowledged" BIGINT NOT NULL,
    "last_acknowledged_at" TIMESTAMPTZ(3),

    CONSTRAINT "restored_device_pkey" PRIMARY KEY ("fleet_id","epoch","device_id")
);

-- CreateTable
CREATE TABLE "regained_mutation" (
    "fleet_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "mutation_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "regained_mutation_pkey" PRIMARY KEY ("fleet_id","epoch","mutation_id")
);

-- CreateIndex
CREATE INDEX "regained_mutation_fleet_id_epoch_device_id_mutation_id_idx" ON "regained_mutation"("fleet_id", "epoch", "device_id", "mutation_id");

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['restoration', 'restored_device', 'regained_mutation'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY of_fleet ON %I USING (fleet_id = (SELECT nullif(current_setting(''app.fleet'', true), '''')::uuid))',
      name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tidemark_runtime', name);
  END LOOP;
END $$;

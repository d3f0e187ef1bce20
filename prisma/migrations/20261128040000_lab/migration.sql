-- When the fields of the other side were written: a replay of what was decided compares them. Older rows have none.
ALTER TABLE "conflict" ADD COLUMN     "remote_stamps" JSON;

-- CreateTable
CREATE TABLE "lab_run" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "collection_id" UUID NOT NULL,
    "input" JSON NOT NULL,
    "state" TEXT NOT NULL,
    "looked" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL DEFAULT 0,
    "report" JSON,
    "problem" TEXT,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "actor_name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "told_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "lab_run_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateTable
CREATE TABLE "lab_weights" (
    "fleet_id" UUID NOT NULL,
    "collection_id" UUID NOT NULL,
    "weights" JSON NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "lab_weights_pkey" PRIMARY KEY ("fleet_id","collection_id")
);

-- CreateIndex
CREATE INDEX "lab_run_fleet_id_collection_id_created_at_id_idx" ON "lab_run"("fleet_id", "collection_id", "created_at", "id");

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['lab_run', 'lab_weights'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY of_fleet ON %I USING (fleet_id = (SELECT nullif(current_setting(''app.fleet'', true), '''')::uuid))',
      name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tidemark_runtime', name);
  END LOOP;
END $$;

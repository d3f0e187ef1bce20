-- Up-migrations, business rules, the authority, and what replays, discards and failed tries leave behind.
SET lock_timeout = '5s';

ALTER TABLE "collection"
  ADD COLUMN "rules" JSON NOT NULL DEFAULT '[]',
  ADD COLUMN "up_migrations" JSON NOT NULL DEFAULT '[]',
  ADD COLUMN "authority" JSON;

-- Bases from before this column are taken as documents of the first version.
ALTER TABLE "record_base" ADD COLUMN "schema_version" INTEGER NOT NULL DEFAULT 1;

ALTER TABLE "change_log" ADD COLUMN "replaced_by" UUID;

ALTER TABLE "dead_letter"
  ADD COLUMN "discarded_at" TIMESTAMPTZ(3),
  ADD COLUMN "discarded_with" UUID,
  ADD COLUMN "edited_as" UUID;

ALTER TABLE "device"
  ADD COLUMN "letters_day" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "letters_count" INTEGER NOT NULL DEFAULT 0;

-- Mutations that failed for the moment, until they have an effect or nobody tries them any more.
CREATE TABLE "failed_try" (
    "fleet_id" UUID NOT NULL,
    "mutation_id" UUID NOT NULL,
    "device_id" UUID NOT NULL,
    "tries" INTEGER NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "failed_try_pkey" PRIMARY KEY ("fleet_id","mutation_id")
);
CREATE INDEX "failed_try_fleet_id_device_id_last_at_idx" ON "failed_try"("fleet_id", "device_id", "last_at");

ALTER TABLE "failed_try" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "failed_try"
  USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "failed_try" TO tidemark_runtime;

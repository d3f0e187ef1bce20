-- What people say of a group of dead letters, and into which others they merged it; a group of which nobody said anything
-- has no row. A letter is in the group of its fingerprint until it is split off by hand.
ALTER TABLE "dead_letter" ADD COLUMN     "group_id" UUID,
ADD COLUMN     "replayed_at" TIMESTAMPTZ(3),
ADD COLUMN     "schema_version" INTEGER;

-- Of documents that hold a NUL PostgreSQL reads no member.
CREATE FUNCTION pg_temp.schema_version_of(mutation json) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN mutation ->> 'schemaVersion';
EXCEPTION WHEN OTHERS THEN
  RETURN (regexp_match(mutation::text, '"schemaVersion":([0-9]+)'))[1];
END $$;

UPDATE "dead_letter" SET "group_id" = "fingerprint", "schema_version" = coalesce(pg_temp.schema_version_of("mutation"), 1),
  "replayed_at" = to_timestamp(((regexp_match("last_replay"::text, '"atMs":([0-9]+)'))[1])::bigint / 1000.0);

DROP FUNCTION pg_temp.schema_version_of;

ALTER TABLE "dead_letter" ALTER COLUMN "group_id" SET NOT NULL,
ALTER COLUMN "schema_version" SET NOT NULL;

-- What the list of groups counts, without the rows, which hold whole documents.
CREATE INDEX "dead_letter_fleet_id_status_group_id_created_at_idx" ON "dead_letter"("fleet_id", "status", "group_id", "created_at")
INCLUDE ("device_id", "app_version");
CREATE INDEX "dead_letter_fleet_id_group_id_created_at_id_idx" ON "dead_letter"("fleet_id", "group_id", "created_at", "id");
CREATE INDEX "dead_letter_fleet_id_group_id_replayed_at_idx" ON "dead_letter"("fleet_id", "group_id", "replayed_at");

-- Letters of one device, and of one session, of any number of others.
CREATE INDEX "dead_letter_fleet_id_device_id_created_at_id_idx" ON "dead_letter"("fleet_id", "device_id", "created_at", "id");
CREATE INDEX "dead_letter_fleet_id_session_id_idx" ON "dead_letter"("fleet_id", "session_id");

-- CreateTable
CREATE TABLE "letter_group" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "root_id" UUID NOT NULL,
    "merged_into" UUID,
    "by_hand" BOOLEAN NOT NULL,
    "title" TEXT,
    "note" TEXT NOT NULL,
    "owner" TEXT,
    "snoozed_until" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL,

    CONSTRAINT "letter_group_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateIndex
CREATE INDEX "letter_group_fleet_id_root_id_idx" ON "letter_group"("fleet_id", "root_id");

ALTER TABLE "letter_group" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "letter_group" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "letter_group" TO tidemark_runtime;

-- Of indexes that seem equal to a plan made on an empty table the newest is taken: the one that finds a letter by its mutation.
DROP INDEX "dead_letter_fleet_id_mutation_id_key";
CREATE UNIQUE INDEX "dead_letter_fleet_id_mutation_id_key" ON "dead_letter"("fleet_id", "mutation_id");

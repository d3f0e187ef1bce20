-- Operational transformation: what each record's paths hold, and the log of their operations (CS5).

-- AlterTable
ALTER TABLE "record" ADD COLUMN "ot" JSON;

-- CreateTable
CREATE TABLE "ot_op" (
    "fleet_id" UUID NOT NULL,
    "collection" TEXT NOT NULL,
    "record_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "version" BIGINT NOT NULL,
    "mutation_id" UUID NOT NULL,
    "ops" JSON NOT NULL,
    "made" JSON NOT NULL,

    CONSTRAINT "ot_op_pkey" PRIMARY KEY ("fleet_id","collection","record_id","path","revision")
);

-- CreateIndex
CREATE INDEX "ot_op_fleet_id_collection_record_id_version_idx" ON "ot_op"("fleet_id", "collection", "record_id", "version");

ALTER TABLE "ot_op" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "ot_op" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "ot_op" TO tidemark_runtime;

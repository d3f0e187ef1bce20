-- How a person closed a conflict, and what waits behind an open one (CS6).

-- AlterTable
ALTER TABLE "conflict" ADD COLUMN "closed_by" UUID,
ADD COLUMN "closed_kept" TEXT,
ADD COLUMN "closed_version" BIGINT,
ADD COLUMN "closed_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "held_mutation" (
    "fleet_id" UUID NOT NULL,
    "conflict_id" UUID NOT NULL,
    "mutation_id" UUID NOT NULL,
    "held_at" TIMESTAMPTZ(3) NOT NULL,
    "place" INTEGER NOT NULL,

    CONSTRAINT "held_mutation_pkey" PRIMARY KEY ("fleet_id","conflict_id","mutation_id")
);

-- CreateIndex
CREATE INDEX "conflict_fleet_id_created_at_id_idx" ON "conflict"("fleet_id", "created_at", "id");

ALTER TABLE "held_mutation" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "held_mutation" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "held_mutation" TO tidemark_runtime;

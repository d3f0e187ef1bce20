-- Bulk actions over dead letters (decision 0060): what was asked, and its frozen members in the order in which they run.
CREATE TABLE "operation" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "q" TEXT NOT NULL,
    "conditions" JSON NOT NULL,
    "edit" JSON,
    "reason" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "actor_name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "pause" JSON,
    "rate_per_second" INTEGER NOT NULL,
    "matched" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "errored" INTEGER NOT NULL DEFAULT 0,
    "run_done" INTEGER NOT NULL DEFAULT 0,
    "run_errored" INTEGER NOT NULL DEFAULT 0,
    "preview" JSON,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "previewed_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "next_at" TIMESTAMPTZ(3) NOT NULL,
    "waits" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL,

    CONSTRAINT "operation_pkey" PRIMARY KEY ("fleet_id","id"),
    -- Each member has one fate; at the end of an operation none is without.
    CONSTRAINT "operation_counts" CHECK ("done" >= 0 AND "skipped" >= 0 AND "errored" >= 0
      AND "done" + "skipped" + "errored" <= "total"
      AND ("state" NOT IN ('completed', 'cancelled', 'failed') OR "done" + "skipped" + "errored" = "total"))
);

CREATE INDEX "operation_fleet_id_created_at_id_idx" ON "operation"("fleet_id", "created_at", "id");
CREATE INDEX "operation_fleet_id_state_idx" ON "operation"("fleet_id", "state");

CREATE TABLE "operation_item" (
    "fleet_id" UUID NOT NULL,
    "operation_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "letter_id" UUID NOT NULL,
    -- The member that it was held behind, where the filter itself did not take it.
    "behind" UUID,
    "state" TEXT NOT NULL,
    "outcome" TEXT,
    "code" TEXT,
    "detail" JSON,
    "mutation_id" UUID,
    "at" TIMESTAMPTZ(3),

    CONSTRAINT "operation_item_pkey" PRIMARY KEY ("fleet_id","operation_id","ordinal")
);

CREATE UNIQUE INDEX "operation_item_fleet_id_operation_id_letter_id_key" ON "operation_item"("fleet_id", "operation_id", "letter_id");
CREATE INDEX "operation_item_fleet_id_operation_id_state_ordinal_idx" ON "operation_item"("fleet_id", "operation_id", "state", "ordinal");
CREATE INDEX "operation_item_fleet_id_letter_id_idx" ON "operation_item"("fleet_id", "letter_id");

ALTER TABLE "operation" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "operation" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "operation" TO tidemark_runtime;
ALTER TABLE "operation_item" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "operation_item" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "operation_item" TO tidemark_runtime;

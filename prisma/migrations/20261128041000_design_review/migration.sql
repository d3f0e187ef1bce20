-- The design reviews of collections, version by version: what was answered, what was measured then, what came of it.
CREATE TABLE "design_review" (
    "fleet_id" UUID NOT NULL,
    "collection_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "answers" JSON NOT NULL,
    "measured" JSON NOT NULL,
    "recommendation" JSON NOT NULL,
    "settings" JSON NOT NULL,
    "note" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "design_review_pkey" PRIMARY KEY ("fleet_id","collection_id","version")
);

CREATE INDEX "design_review_fleet_id_collection_id_created_at_id_idx" ON "design_review"("fleet_id", "collection_id", "created_at", "id");

ALTER TABLE "design_review" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "design_review" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
-- Append-only: what was reviewed is never changed, and goes with its fleet.
GRANT SELECT, INSERT, DELETE ON "design_review" TO tidemark_runtime;

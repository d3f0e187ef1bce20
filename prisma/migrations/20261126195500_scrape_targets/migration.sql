-- Pages of other engines that the leader asks for their figures.

-- CreateTable
CREATE TABLE "scrape_target" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "every_ms" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3),
    "last_points" INTEGER,
    "last_problem" TEXT,

    CONSTRAINT "scrape_target_pkey" PRIMARY KEY ("fleet_id","id")
);

ALTER TABLE "scrape_target" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "scrape_target" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "scrape_target" TO tidemark_runtime;

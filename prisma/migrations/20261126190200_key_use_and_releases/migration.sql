-- What keys were used for, how many devices one may enroll, and the releases of the app that somebody told of.

-- AlterTable
ALTER TABLE "enrollment_key" ADD COLUMN     "devices" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "last_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "max_devices" INTEGER;

-- AlterTable
ALTER TABLE "ingest_key" ADD COLUMN     "last_used_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "app_release" (
    "fleet_id" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "released_at" TIMESTAMPTZ(3) NOT NULL,
    "note" TEXT,
    "recorded_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "app_release_pkey" PRIMARY KEY ("fleet_id","version")
);

ALTER TABLE "app_release" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "app_release" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "app_release" TO tidemark_runtime;

-- Sessions and devices of other engines, told by whoever holds an ingest key. What an engine doesn't tell is null.

-- AlterTable
ALTER TABLE "device" ADD COLUMN     "source" TEXT;

-- AlterTable
ALTER TABLE "sync_session" ADD COLUMN     "source" TEXT,
ALTER COLUMN "mode" DROP NOT NULL,
ALTER COLUMN "pushed" DROP NOT NULL,
ALTER COLUMN "pulled" DROP NOT NULL,
ALTER COLUMN "conflicts" DROP NOT NULL,
ALTER COLUMN "dead_lettered" DROP NOT NULL,
ALTER COLUMN "queue_depth_before" DROP NOT NULL,
ALTER COLUMN "queue_depth_after" DROP NOT NULL;

-- CreateTable
CREATE TABLE "ingest_key" (
    "fleet_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "ingest_key_pkey" PRIMARY KEY ("fleet_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ingest_key_fleet_id_hash_key" ON "ingest_key"("fleet_id", "hash");

ALTER TABLE "ingest_key" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_fleet ON "ingest_key" USING (fleet_id = (SELECT nullif(current_setting('app.fleet', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON "ingest_key" TO tidemark_runtime;

-- The schema version that a conflict's sides are of, so that nobody has to guess it when a person decides later (CS6, DL5).

-- AlterTable
ALTER TABLE "conflict" ADD COLUMN "schema_version" INTEGER;

-- Of older rows: the newest that was published when the conflict arose, which is what the desk went by until now.
UPDATE "conflict" x SET "schema_version" = (
  SELECT max(s."schema_version") FROM "collection" c
  JOIN "collection_schema" s ON s."fleet_id" = c."fleet_id" AND s."collection_id" = c."id"
  WHERE c."fleet_id" = x."fleet_id" AND c."name" = x."collection" AND s."created_at" <= x."created_at");

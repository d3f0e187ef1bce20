-- Under which schema version each operation's path is named, so that a rename is told from the entry itself (CS5, DL5).

-- AlterTable
ALTER TABLE "ot_op" ADD COLUMN "schema_version" INTEGER NOT NULL DEFAULT 1;

-- Of older rows: that of the oldest state of the record, of those still kept, that has the operation in it. Versions of the
-- schema only grow, so it is exact as long as replaced documents are kept.
UPDATE "ot_op" o SET "schema_version" = coalesce((
    SELECT b."schema_version" FROM "record_base" b WHERE b."fleet_id" = o."fleet_id" AND b."collection" = o."collection"
      AND b."record_id" = o."record_id" AND b."version" >= o."version" ORDER BY b."version" LIMIT 1), r."schema_version")
  FROM "record" r WHERE r."fleet_id" = o."fleet_id" AND r."collection" = o."collection" AND r."record_id" = o."record_id"
    AND r."schema_version" > 1;

-- A renamed field goes on counting its own revisions, which may be those of another field that had its name before.
ALTER TABLE "ot_op" DROP CONSTRAINT "ot_op_pkey",
  ADD CONSTRAINT "ot_op_pkey" PRIMARY KEY ("fleet_id","collection","record_id","path","revision","schema_version");

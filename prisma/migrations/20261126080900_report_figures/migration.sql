-- What the Overview counts of reports stands beside their JSON: a nonce may hold what PostgreSQL's `->>` refuses. In the
-- reports that are there, a text has its quotes escaped, and only the collections' depths may have a name of these.

-- AlterTable
ALTER TABLE "device" ADD COLUMN     "report_at_ms" BIGINT,
ADD COLUMN     "report_depth" BIGINT,
ADD COLUMN     "report_oldest_made_ms" BIGINT;
UPDATE "device" SET
  "report_depth" = substring("report"::text FROM '"depth":([0-9]+)')::bigint,
  "report_oldest_made_ms" = substring("report"::text FROM '"oldestMadeAtMs":([0-9]+),"byCollection"')::bigint,
  "report_at_ms" = substring("report"::text FROM '"atMs":([0-9]+)\}$')::bigint
WHERE "report" IS NOT NULL;

-- What the conflict desk finds and groups conflicts by, and what people say of one.

-- AlterTable
ALTER TABLE "conflict" ADD COLUMN "device_name" TEXT NOT NULL DEFAULT '',
ADD COLUMN "app_version" TEXT NOT NULL DEFAULT '',
ADD COLUMN "remote_version" BIGINT,
ADD COLUMN "remote_app_version" TEXT,
ADD COLUMN "places" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN "assigned" TEXT,
ADD COLUMN "note" TEXT NOT NULL DEFAULT '',
ADD COLUMN "desk_version" INTEGER NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "conflict_fleet_id_closed_at_idx" ON "conflict"("fleet_id", "closed_at");

-- Of older rows: which version a change met was not kept, so whose it was stays unknown.
UPDATE "conflict" x SET
  -- A name with a NUL or half a character in it is no text here; such a conflict is found as one over the record.
  "places" = CASE WHEN json_array_length(x."fields") = 0 THEN ARRAY['none']
    WHEN x."fields"::text ~ '\\u(0000|d[89a-f])' THEN ARRAY['record']
    ELSE ARRAY(SELECT CASE WHEN f = '' THEN 'record' ELSE f END FROM json_array_elements_text(x."fields") f) END,
  "device_name" = coalesce((SELECT d."name" FROM "device" d WHERE d."fleet_id" = x."fleet_id" AND d."id" = x."device_id"), ''),
  "app_version" = coalesce((SELECT l."app_version" FROM "change_log" l
    WHERE l."fleet_id" = x."fleet_id" AND l."mutation_id" = x."mutation_id"), '');

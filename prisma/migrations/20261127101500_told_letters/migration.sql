-- What a device was last told of its letter; until that is what the letter is, the news is due (CM4).
ALTER TABLE "dead_letter" ADD COLUMN     "told_status" TEXT;
-- Those that are closed by now were told as well as it went then.
UPDATE "dead_letter" SET "told_status" = "status" WHERE "status" <> 'open';
CREATE INDEX "dead_letter_fleet_id_device_id_id_untold_idx" ON "dead_letter"("fleet_id", "device_id", "id")
  WHERE "status" <> 'open' AND "told_status" IS DISTINCT FROM "status";

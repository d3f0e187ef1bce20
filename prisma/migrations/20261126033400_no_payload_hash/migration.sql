-- The mutation itself stands in the log as long as its hash did: a repeat is compared with it. Of stored responses the
-- hash is another one now, so that none of them would be found; each mutation is still known by its id.

-- AlterTable
ALTER TABLE "change_log" DROP COLUMN "payload_hash";
DELETE FROM "stored_response";

-- Fields of a collection that dead letters show masked (decision 0062), as JSON Pointers.
ALTER TABLE "collection" ADD COLUMN     "masked" JSON NOT NULL DEFAULT '[]';

-- What people did to one letter, newest first.
CREATE INDEX "audit_scope_fleet_id_target_at_id_idx" ON "audit"("scope_fleet_id", "target", "at", "id");

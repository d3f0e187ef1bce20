-- A record's conflicts in the list's order: what a filter by it finds is not looked for among all of the fleet's.
CREATE INDEX "conflict_fleet_id_record_id_created_at_id_idx" ON "conflict"("fleet_id", "record_id", "created_at", "id");

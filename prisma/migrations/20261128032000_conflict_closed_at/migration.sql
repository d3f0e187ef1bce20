-- How long people took for what they closed is read by when they did.
CREATE INDEX "conflict_fleet_id_closed_at_idx" ON "conflict"("fleet_id", "closed_at");

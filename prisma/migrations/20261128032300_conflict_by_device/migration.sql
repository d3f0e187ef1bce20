-- As by record.
CREATE INDEX "conflict_fleet_id_device_id_created_at_id_idx" ON "conflict"("fleet_id", "device_id", "created_at", "id");

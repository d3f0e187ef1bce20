-- A collection's conflicts by their time: what a replay of them reads, page by page.
CREATE INDEX "conflict_fleet_id_collection_created_at_id_idx" ON "conflict"("fleet_id", "collection", "created_at", "id");

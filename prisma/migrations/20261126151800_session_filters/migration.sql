-- What the filter of the sessions list asks for beside what the report tells (docs/filters.md). Sessions stored before
-- have none of it: nobody is told of a code, a collection or a lag that was not looked at.
ALTER TABLE "sync_session" ADD COLUMN     "codes" TEXT[] NOT NULL DEFAULT '{}',
ADD COLUMN     "collections" TEXT[] NOT NULL DEFAULT '{}',
ADD COLUMN     "lag_ms" BIGINT;

-- The list's order, with what its conditions look at beside: most are decided without the row, which is wide.
DROP INDEX "sync_session_fleet_id_ended_at_session_id_idx";
CREATE INDEX "sync_session_fleet_id_ended_at_session_id_idx" ON "sync_session"("fleet_id", "ended_at", "session_id")
INCLUDE ("received_at", "device_id", "device_name", "platform", "app_version", "mode", "result", "started_at", "inferred",
  "conflicts", "dead_lettered", "illegal_transitions", "queue_depth_after", "pushed", "pulled", "lag_ms");

-- One device's sessions, of any number of others.
CREATE INDEX "sync_session_fleet_id_device_id_ended_at_session_id_idx" ON "sync_session"("fleet_id", "device_id", "ended_at", "session_id");

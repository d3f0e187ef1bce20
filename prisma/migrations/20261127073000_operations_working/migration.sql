-- What work is to be done for, of all fleets, in one statement of each process a second instead of one a fleet.
CREATE INDEX "operation_fleet_id_created_at_id_working_idx" ON "operation"("fleet_id", "created_at", "id") WHERE "state" IN ('running', 'cancelling');

-- Past row-level security, and no more than ids: each is then worked on as its own fleet. At most `most`, of each fleet its
-- oldest before its second oldest, so that none waits behind all of another's.
CREATE FUNCTION tidemark_working_operations(most integer) RETURNS TABLE (fleet_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.fleet_id, w.id FROM (
    SELECT o.fleet_id, o.id, o.created_at, row_number() OVER (PARTITION BY o.fleet_id ORDER BY o.created_at, o.id) AS place
    FROM public.operation o WHERE o.state IN ('running', 'cancelling')
  ) w JOIN public.fleet f ON f.id = w.fleet_id ORDER BY w.place, w.created_at, w.id LIMIT most
$$;
REVOKE ALL ON FUNCTION tidemark_working_operations(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tidemark_working_operations(integer) TO tidemark_runtime;

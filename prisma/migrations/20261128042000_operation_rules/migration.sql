-- Operations that decide conflicts by a rule: their members are conflicts, where those of any other kind are dead letters.
ALTER TABLE "operation" ADD COLUMN "rule" TEXT;

-- A process of the release before takes any kind that it does not know for a discard: it is told of those that it knows alone.
CREATE OR REPLACE FUNCTION tidemark_working_operations(most integer) RETURNS TABLE (fleet_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.fleet_id, w.id FROM (
    SELECT o.fleet_id, o.id, o.created_at, row_number() OVER (PARTITION BY o.fleet_id ORDER BY o.created_at, o.id) AS place
    FROM public.operation o WHERE o.state IN ('running', 'cancelling') AND o.kind IN ('replay', 'discard', 'restore', 'edit')
  ) w JOIN public.fleet f ON f.id = w.fleet_id ORDER BY w.place, w.created_at, w.id LIMIT most
$$;

-- From now on each release says which kinds it knows; what is of another kind waits for a process that knows it.
CREATE FUNCTION tidemark_working_operations_of(most integer, kinds text[]) RETURNS TABLE (fleet_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.fleet_id, w.id FROM (
    SELECT o.fleet_id, o.id, o.created_at, row_number() OVER (PARTITION BY o.fleet_id ORDER BY o.created_at, o.id) AS place
    FROM public.operation o WHERE o.state IN ('running', 'cancelling') AND o.kind = ANY (kinds)
  ) w JOIN public.fleet f ON f.id = w.fleet_id ORDER BY w.place, w.created_at, w.id LIMIT most
$$;
REVOKE ALL ON FUNCTION tidemark_working_operations_of(integer, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tidemark_working_operations_of(integer, text[]) TO tidemark_runtime;

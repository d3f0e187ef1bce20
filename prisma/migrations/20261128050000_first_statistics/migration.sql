-- Of a table that nobody has looked at PostgreSQL believes that each column has two hundred values. Two indexes that begin
-- alike cost the same then: of a fresh installation's records each was looked up among all of its collection's, until
-- autovacuum came within a minute, or two.

-- Looks at the tables that have grown and have no statistics yet; gives their names. One that somebody else holds is left out.
CREATE FUNCTION tidemark_analyze_grown() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  grown regclass;
BEGIN
  FOR grown IN
    SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
      AND c.reltuples < 0 AND pg_relation_size(c.oid) >= 65536 ORDER BY c.relname
  LOOP
    EXECUTE format('ANALYZE (SKIP_LOCKED) %s', grown);
    RETURN NEXT grown::text;
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION tidemark_analyze_grown() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tidemark_analyze_grown() TO tidemark_runtime;
